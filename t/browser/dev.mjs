// The inner loop in a browser: a save shows by itself, to the owner alone; a broken one shows where it is broken.
import { renameSync, writeFileSync } from 'node:fs';
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const app = (html) => `return {\n  ["GET /"] = function() return [[<!doctype html><html lang="en"><title>Shop</title><body>${html}</body></html>]] end,\n}\n`;

function save(text) {
	writeFileSync(`${process.env.MAIN}~`, text);
	renameSync(`${process.env.MAIN}~`, process.env.MAIN);
	return performance.now();
}

async function enter(page, link) {
	await page.goto(link);
	const button = page.locator('form button, form input[type=submit]').first();
	if (await button.count()) await Promise.all([page.waitForNavigation(), button.click()]);
	await page.goto(process.env.SHOP);
}

const owner = await browse({ size: 'narrow' });
const guest = await browse();
await enter(owner, process.env.OWNER_LINK);
await enter(guest, process.env.GUEST_LINK);
is(await owner.locator('h1').textContent(), 'one', 'the owner sees the app');
is(await guest.locator('h1').textContent(), 'one', 'and a guest does');

const times = [];
for (let i = 0; i < 10; i++) {
	const began = save(app(`<h1>version ${i}</h1>`));
	await owner.getByText(`version ${i}`, { exact: true }).waitFor({ timeout: 5000 });
	times.push(Math.round(performance.now() - began));
}
times.sort((a, b) => a - b);
console.log(`# from the save to the page that shows it: median ${times[5]} ms, slowest ${times[9]} ms (${times.join(' ')})`);
ok(times[5] < 3000, 'ten saves show by themselves');
is(await guest.locator('h1').textContent(), 'one', "a guest's page stays as it is");
is(await guest.locator('script').count(), 0, 'and has no script');

let began = save('return {\n  ["GET /"] = function() return "<img src=x onerror=alert(1)>" en,\n}\n');
const card = owner.getByRole('alert');
await card.waitFor({ timeout: 5000 });
console.log(`# from a broken save to its error on the page: ${Math.round(performance.now() - began)} ms`);
ok(/api\/main\.lua:2:/.test(await card.textContent()), 'a broken save says where it is broken', await card.textContent());
is(await owner.locator('h1').textContent(), 'version 9', 'over the version that still serves');
is(await card.locator('*').count(), 0, 'as text');
ok(await fits(owner), 'on a phone');
await shot(owner, 'dev-problem');
is(await guest.getByRole('alert').count(), 0, 'a guest sees nothing of it');

save(app('<h1>well again</h1>'));
await owner.getByText('well again').waitFor({ timeout: 5000 });
is(await card.count(), 0, 'the next save recovers');

save('return {\n  ["GET /"] = function() local x; return x.y end,\n}\n');
await owner.getByText('api/main.lua:2: attempt to index', { exact: false }).waitFor({ timeout: 5000 });
ok(await fits(owner), 'an uncaught error is a page with file and line');
await shot(owner, 'dev-trouble');
save(app('<h1>at last</h1>'));
await owner.getByText('at last').waitFor({ timeout: 5000 });
ok(true, 'which follows the next save as well');
const noise = owner.complaints.filter((text) => !/status of (404|500)/.test(text) && !/ERR_ABORTED/.test(text));
is(noise.length, 0, 'without a complaint of the browser');
await done();
