// /_fazt/client.js, as a page of an app uses it.
import { createServer } from 'node:http';
import { readFileSync } from 'node:fs';
import { browse, done, fits, is, ok } from './tap.mjs';

const { OWNER_LINK, APP, CLIENT } = process.env;
const page = await browse();
await page.goto(`${APP}/`);

// A call of fazt in the page: its value, or what was thrown.
const call = (name, ...args) => page.evaluate(async ([name, args]) => {
	const { fazt, FaztError } = await import('/_fazt/client.js');
	try {
		return await fazt[name](...args);
	} catch (e) {
		return { error: e instanceof FaztError, code: e.code, message: e.message, status: e.status, request: e.requestId, fields: e.fields };
	}
}, [name, args]);

for (const name of ['post', 'put', 'patch']) {
	const said = await call(name, '/echo', { a: [1, 'é'] });
	is(JSON.stringify([said.method, said.sent]), JSON.stringify([name.toUpperCase(), { a: [1, 'é'] }]), `${name} sends JSON and answers it`);
}
is((await call('get', '/echo')).accept, 'application/json', 'get asks for JSON');
is((await call('delete', '/echo')).method, 'DELETE', 'delete');
is(await call('get', '/text'), 'plain', 'text is text');
is(await call('delete', '/empty'), null, 'nothing is null');
const late = await call('get', '/fail');
ok(late.error && late.code === 'conflict' && late.message === 'Too late.' && late.status === 409 && late.request, 'an error has code, sentence, status and request', JSON.stringify(late));
const invalid = await call('post', '/notes', {});
is(`${invalid.code} ${invalid.status} ${invalid.fields.title}`, 'invalid 422 Title is missing.', 'and what is wrong with which field');
is((await call('get', '/nowhere')).code, 'not_found', 'a page there is not');
is(JSON.stringify(await call('post', '/notes', { title: ' Milk ' })), '{"title":"Milk"}', 'a form takes JSON');

is(await call('user'), null, 'nobody is signed in');
const owner = await browse();
await owner.goto(OWNER_LINK);
await owner.waitForURL((url) => url.pathname === '/');
await page.context().addCookies(await owner.context().cookies());
await Promise.all([page.waitForURL(`${APP}/?q=a%20b`), page.evaluate(async () => (await import('/_fazt/client.js')).fazt.signIn('/?q=a%20b'))]);
const user = await call('user');
ok(user && /^u_/.test(user.id) && user.name && user.role === 'admin', 'signIn goes there and back', JSON.stringify(user));
await call('signOut');
is(await call('user'), null, 'signOut');

// ---- a form of fazt.form, without a script ----

const plain = await browse({ size: 'narrow', javaScriptEnabled: false });
await plain.goto(`${APP}/form`);
ok(await fits(plain), 'a form fits a phone');
is(await plain.textContent('h1'), 'A & B', 'a template shows what it was given');
const post = () => Promise.all([plain.waitForNavigation(), plain.locator('form').evaluate((form) => { form.noValidate = true; form.requestSubmit(); })]);
const typed = '"<b>&';
await plain.getByLabel('Title').fill('');
await plain.getByLabel('Text').fill(`\n${typed}`);
await plain.getByLabel('Stars').fill('9');
await plain.getByLabel('Done').check();
await plain.getByLabel('Size').selectOption('large');
await plain.getByLabel('Tags').fill('A1');
await post();
const title = plain.getByLabel('Title');
is(await title.getAttribute('aria-invalid'), 'true', 'a field that is wrong says so');
is((await Promise.all((await title.getAttribute('aria-describedby')).split(' ').map((id) => plain.textContent(`#${id}`)))).join('|'), 'Short|Title is missing.', 'with what and why');
is(await plain.textContent('#field-stars-error'), 'At most 5.', 'so does the next');
is(await plain.textContent('#field-tags-1-error'), 'Does not look right.', 'and one of a list');
is(await plain.getByLabel('Text').inputValue(), `\n${typed}`, 'what was typed is still there');
ok(await plain.getByLabel('Done').isChecked() && await plain.getByLabel('Size').inputValue() === 'large', 'boxes and choices too');
await title.fill('Milk');
await plain.getByLabel('Stars').fill('5');
await plain.locator('#field-tags-1').fill('a');
await plain.locator('#field-tags-2').fill('b');
await post();
is(await plain.evaluate(() => document.body.textContent), JSON.stringify({ done: true, size: 'large', stars: 5, tags: ['a', 'b'], text: typed, title: 'Milk' }), 'the value');

// ---- uploads, to a server of tus 1.0.0 whose connection breaks in the middle of the second piece ----

const tus = { data: Buffer.alloc(0), broke: false };
const refuse = (res, status) => res.writeHead(status).end();
function take(req, res) {
	const wrong = req.headers['tus-resumable'] !== '1.0.0';
	if (wrong) return refuse(res, 412);
	if (req.method === 'POST') {
		Object.assign(tus, { data: Buffer.alloc(0), broke: false, length: Number(req.headers['upload-length']), meta: req.headers['upload-metadata'] });
		return res.writeHead(201, { Location: '../tus/a%20b' }).end();
	}
	if (req.method === 'HEAD') return res.writeHead(200, { 'Upload-Offset': tus.data.length, 'Upload-Length': tus.length }).end();
	if (Number(req.headers['upload-offset']) !== tus.data.length) return refuse(res, 409);
	if (req.headers['content-type'] !== 'application/offset+octet-stream') return refuse(res, 415);
	const breaks = tus.data.length && !tus.broke;
	const parts = [];
	req.on('data', (part) => parts.push(part));
	req.on('end', () => {
		const body = Buffer.concat(parts);
		tus.data = Buffer.concat([tus.data, breaks ? body.subarray(0, body.length / 2) : body]);
		tus.broke ||= !!breaks;
		if (breaks) req.socket.destroy();
		else res.writeHead(204, { 'Upload-Offset': tus.data.length }).end();
	});
}
const server = createServer((req, res) => {
	if (req.url === '/') return res.writeHead(200, { 'Content-Type': 'text/html' }).end('<!doctype html><title>tus</title>');
	if (req.url === '/_fazt/client.js') return res.writeHead(200, { 'Content-Type': 'text/javascript' }).end(readFileSync(CLIENT));
	return req.url.startsWith('/tus') ? take(req, res) : refuse(res, 404);
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
await page.goto(`http://127.0.0.1:${server.address().port}/`);

const sent = await page.evaluate(async () => {
	const { fazt } = await import('/_fazt/client.js');
	const seen = [];
	const made = await fazt.upload(new File(['abcdefghij'.repeat(40000)], 'Zürich.txt', { type: 'text/plain' }),
		{ path: '/tus/', piece: 160000, onprogress: (n, of) => seen.push([n, of]) });
	return { made, seen };
});
is(JSON.stringify(sent.made), '{"upload":"a b","name":"Zürich.txt","type":"text/plain","size":400000}', 'an upload');
ok(tus.data.toString() === 'abcdefghij'.repeat(40000) && tus.broke, 'goes on where the connection broke');
is(tus.meta, `filename ${Buffer.from('Zürich.txt').toString('base64')},filetype ${Buffer.from('text/plain').toString('base64')}`, 'says its name and type');
ok(sent.seen[0][0] === 0 && sent.seen.at(-1)[0] === 400000 && sent.seen.every(([n, of]) => n <= of && of === 400000), 'tells how far it is', JSON.stringify(sent.seen));
is(await page.evaluate(async () => {
	const { fazt } = await import('/_fazt/client.js');
	const stop = new AbortController();
	return fazt.upload(new Blob(['x'.repeat(50000)]), { path: '/tus/', piece: 1000, signal: stop.signal, onprogress: (n) => n > 2000 && stop.abort() })
		.then(() => 'done', (e) => e.name);
}), 'AbortError', 'and is given up');
is(await page.evaluate(async () => (await (await import('/_fazt/client.js')).fazt.upload(new Blob([]), { path: '/tus/' })).size), 0, 'a file of nothing');
is((await call('upload', {}, { path: '/nowhere' })).status, 404, 'where nothing takes uploads it fails');
await page.context().setOffline(true);
is((await call('get', '/echo')).code, 'offline', 'no connection');
server.close();
done();
