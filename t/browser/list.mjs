// A shopping list of two people: one shares it, both see what the other does, and nobody sees what was not shared. Then
// without JavaScript, and with the keyboard alone.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const { ANNA_LINKS, BEN_LINKS, LIST } = process.env;
const annaLinks = ANNA_LINKS.split(' '), benLinks = BEN_LINKS.split(' ');

async function signedIn(link, options) {
	const page = await browse(options);
	await page.goto(link);
	if (options?.javaScriptEnabled === false) await page.locator('form button').first().click();
	await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
	await page.goto(LIST);
	return page;
}

const shown = (locator) => locator.waitFor().then(() => true, () => false);
const gone = (locator) => locator.waitFor({ state: 'detached' }).then(() => true, () => false);
const item = (page, text) => page.getByRole('checkbox', { name: text, exact: true });
const ticked = (page, text) => page.getByRole('checkbox', { name: text, exact: true, checked: true });

async function make(page, name) {
	await page.getByLabel('New list').fill(name);
	await page.getByRole('button', { name: 'Make' }).click();
	await page.getByRole('heading', { name, exact: true }).waitFor();
	return page.url();
}

async function add(page, ...texts) {
	for (const text of texts) {
		await page.getByLabel('Add to the list').fill(text);
		await page.getByRole('button', { name: 'Add', exact: true }).click();
		await item(page, text).waitFor();
	}
}

// Did the page stay the one it was, and not load again?
const mark = (page) => page.evaluate(() => { window.same = true; });
const same = (page) => page.evaluate(() => window.same === true);

// ---- one list, two people ----

const anna = await signedIn(annaLinks[0]);
const ben = await signedIn(benLinks[0], { size: 'narrow' });
ok(await shown(anna.getByText('No list yet')), 'nobody has a list to begin with');
const address = await make(anna, 'Groceries');
await mark(anna);
await add(anna, 'Milk', 'Two onions', '<b>Basil</b> & thyme');
ok(await same(anna), 'things are added without a new page');
is(await anna.getByLabel('Add to the list').inputValue(), '', '… and the field is ready for the next');
is(await anna.getByRole('checkbox').count(), 3, '… each once');

await ben.goto(LIST);
ok(await shown(ben.getByText('No list yet')), 'Ben sees nothing of it');
is((await ben.goto(address)).status(), 404, '… not at its address either');

await anna.getByRole('link', { name: 'Share' }).click();
await shot(anna, 'list-share');
await anna.getByRole('button', { name: 'Share with ben' }).click();
ok(await shown(anna.getByRole('button', { name: 'Stop sharing with ben' })), 'Anna shares it with Ben');
await ben.goto(LIST);
await ben.getByRole('link', { name: /Groceries/ }).click();
ok(await shown(ben.getByText('from anna')), 'Ben opens it');
is(await ben.getByRole('link', { name: 'Share' }).count(), 0, '… and may not share it');
is(await ben.getByText('Delete this list').count(), 0, '… or delete it');

await anna.goto(address);
await mark(anna);
await mark(ben);
await item(ben, 'Milk').click();
ok(await shown(ticked(ben, 'Milk')), 'Ben ticks the milk');
ok(await shown(ben.getByRole('heading', { name: 'In the basket' })), '… which goes into the basket');
ok(await same(ben), '… without a new page');
ok(await shown(ticked(anna, 'Milk')), 'Anna sees it, without doing anything');
ok(await same(anna), '… on the page that she has open');
await add(ben, 'Chocolate');
ok(await shown(item(anna, 'Chocolate')), '… and what Ben adds');
ok(await shown(anna.getByRole('listitem').filter({ hasText: 'Chocolate' }).getByText('ben')), '… with his name');
await shot(anna, 'list-wide');
await shot(ben, 'list-narrow');
await item(anna, 'Two onions').click();
await ticked(anna, 'Two onions').waitFor();
await ticked(anna, 'Milk').click();
ok(await shown(anna.getByRole('checkbox', { name: 'Milk', checked: false })), 'a tick is taken back');
await anna.getByRole('button', { name: 'Remove Milk' }).click();
ok(await gone(item(anna, 'Milk')), 'Anna removes something');
await anna.getByRole('button', { name: 'Clear ticked' }).click();
ok(await gone(item(anna, 'Two onions')), 'what is ticked is cleared');
is(await anna.getByRole('checkbox').count(), 2, '… and nothing else');

await ben.context().setOffline(true);
await item(ben, 'Chocolate').click();
ok(await shown(ben.getByRole('status').filter({ hasText: 'no connection' })), 'without a connection the page says so');
is(await ticked(ben, 'Chocolate').count(), 0, '… and takes the tick back');
await ben.context().setOffline(false);

await anna.goto(`${address}/share`);
await anna.getByRole('button', { name: 'Stop sharing with ben' }).click();
await anna.getByRole('button', { name: 'Share with Everyone here' }).click();
is((await ben.goto(address)).status(), 200, 'shared with everyone, Ben has it again');
await anna.getByRole('button', { name: 'Stop sharing with Everyone here' }).click();
await anna.getByRole('button', { name: 'Share with Everyone here' }).waitFor();
is((await ben.goto(address)).status(), 404, 'not shared any more, it is gone for him');

// ---- on a phone, in both lights ----

const phone = await signedIn(annaLinks[1], { size: 'narrow' });
for (const [name, url] of [['lists', LIST], ['list', address], ['share', `${address}/share`]]) {
	for (const colorScheme of ['light', 'dark']) {
		await phone.emulateMedia({ colorScheme });
		await phone.goto(url);
		ok(await fits(phone), `${name}: no sideways scrolling at 390 px (${colorScheme})`);
		await shot(phone, `list-phone-${name}-${colorScheme}`);
	}
}

// ---- with the keyboard alone ----

const focused = (page) => page.evaluate(() => {
	const e = document.activeElement, style = getComputedStyle(e);
	return { name: (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim(), seen: style.outlineStyle !== 'none' };
});

async function tabTo(page, name, limit = 30) {
	for (let i = 0; i < limit; i++) {
		await page.keyboard.press('Tab');
		const at = await focused(page);
		if (at.name === name) return ok(at.seen, `Tab reaches "${name}", and one sees it`);
	}
	return ok(false, `Tab reaches "${name}"`);
}

await phone.goto(LIST);
await tabTo(phone, 'New list');
await phone.keyboard.type('Camping');
await phone.keyboard.press('Enter');
await phone.getByRole('heading', { name: 'Camping' }).waitFor();
await tabTo(phone, 'Add to the list');
for (const text of ['Tent', 'Torch']) {
	await phone.keyboard.type(text);
	await phone.keyboard.press('Enter');
	await item(phone, text).waitFor();
}
ok(true, 'things are added one after the other, the focus stays');
await tabTo(phone, 'Tent');
await phone.keyboard.press('Space');
await phone.getByRole('heading', { name: 'In the basket' }).waitFor();
is((await focused(phone)).name, 'Tent', 'what was ticked keeps the focus where it went');
await tabTo(phone, 'Remove Tent');
await phone.keyboard.press('Enter');
ok(await gone(item(phone, 'Tent')), 'removed');
await phone.keyboard.press('Tab');
is((await focused(phone)).name, 'Torch', '… and Tab goes on at the list');
await tabTo(phone, 'Delete this list…');
await phone.keyboard.press('Enter');
await tabTo(phone, 'Delete it');
await phone.keyboard.press('Enter');
ok(await gone(phone.getByRole('link', { name: /Camping/ })), 'a list is deleted');
await phone.waitForURL(`${LIST}/`);

// ---- without JavaScript ----

const plain = await signedIn(annaLinks[2], { javaScriptEnabled: false });
await make(plain, 'By hand');
await add(plain, 'Rope', 'Nails');
await item(plain, 'Rope').click();
ok(await shown(ticked(plain, 'Rope')), 'ticking is a form');
await plain.getByRole('button', { name: 'Remove Nails' }).click();
ok(await gone(item(plain, 'Nails')), 'so is removing');
await plain.getByRole('button', { name: 'Clear ticked' }).click();
ok(await shown(plain.getByText('Nothing on it yet')), '… and clearing');
await plain.getByRole('link', { name: 'Share' }).click();
await plain.getByRole('button', { name: 'Share with ben' }).click();
ok(await shown(plain.getByRole('button', { name: 'Stop sharing with ben' })), '… and sharing');
await plain.goto(plain.url().replace('/share', ''));
await plain.getByLabel('Add to the list').fill('x'.repeat(200));
await plain.getByRole('button', { name: 'Add', exact: true }).click();
await item(plain, 'x'.repeat(200)).waitFor();
await plain.waitForLoadState();
ok(await fits(plain), 'a word without an end does not widen the page');
await plain.getByText('Delete this list…').click();
await plain.getByRole('button', { name: 'Delete it' }).click();
ok(await shown(plain.getByRole('link', { name: /Groceries/ })), '… and deleting');

const noise = [anna, phone, plain].flatMap((page) => page.complaints).filter((text) => !/ERR_ABORTED/.test(text));
is(noise.length, 0, 'without a complaint of the browser');
await done();
