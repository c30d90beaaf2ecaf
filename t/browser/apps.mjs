// The dashboard and Pad, used by three people: their owner, a guest, and a stranger with a link. Then once more without
// JavaScript where that is promised, with the keyboard alone, and on a phone.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const { OWNER_LINKS, GUEST_LINKS, PAD, OS } = process.env;
const ownerLinks = OWNER_LINKS.split(' '), guestLinks = GUEST_LINKS.split(' ');

async function signedIn(link, options) {
	const page = await browse(options);
	await page.goto(link);
	if (options?.javaScriptEnabled === false) await page.locator('form button').first().click();
	await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
	return page;
}

const cards = (page) => page.locator('.note');
const saved = (page) => page.locator('.status', { hasText: /^Saved$/ }).waitFor();
const shown = (locator) => locator.waitFor().then(() => true, () => false);

// ---- two people and a note ----

const owner = await signedIn(ownerLinks[0]);
const guest = await signedIn(guestLinks[0], { size: 'narrow' });

await owner.getByRole('link', { name: /^Pad/ }).click();
await owner.waitForURL(`${PAD}/`);
ok(await shown(owner.getByText('A clean sheet')), 'the tile opens Pad, signed in, with a friendly empty page');

await owner.getByRole('link', { name: 'New note' }).click();
await owner.getByLabel('Title').fill('Soup for Sunday');
await owner.getByLabel('Note', { exact: true }).fill('two onions\nBasil & <b>thyme</b>\nhttps://example.org/soup.');
await saved(owner);
const address = owner.url();
ok(/\/n\/[0-9A-Za-z]{26}$/.test(address), 'a note saves itself while it is written, and has an address then');
await owner.reload();
is(await owner.getByLabel('Note', { exact: true }).inputValue(), 'two onions\nBasil & <b>thyme</b>\nhttps://example.org/soup.',
	'a reload shows what was written, as it was written');

await owner.goto(PAD);
await owner.getByRole('searchbox').fill('SUNDAY basil');
ok(await shown(owner.getByRole('heading', { name: 'Found' })), 'the search finds while one types');
is(await cards(owner).count(), 1, '… words in any case and order');
await owner.getByRole('searchbox').fill('marzipan');
ok(await shown(owner.getByText('Nothing found')), '… and says so when there is nothing');

await guest.goto(PAD);
is(await cards(guest).count(), 0, "a guest sees nothing of the owner's notes");
is((await guest.goto(address)).status(), 404, '… not at their address either');
await guest.goto(`${PAD}/?q=onions`);
is(await cards(guest).count(), 0, '… nor by searching');

// ---- shared ----

async function share(page, person, level) {
	await page.getByLabel('Person').selectOption({ label: person });
	await page.getByLabel('What they may do').selectOption({ label: level });
	await page.getByRole('button', { name: 'Share', exact: true }).click();
}

await owner.goto(address);
await owner.getByRole('button', { name: 'Share' }).click();
await share(owner, 'guest', 'may read');
ok(await shown(owner.getByText('guest may read', { exact: true })), 'the owner sees with whom the note is shared');
await guest.goto(PAD);
is(await cards(guest).count(), 1, 'the guest sees the shared note in the list');
await cards(guest).click();
ok(await shown(guest.getByRole('heading', { name: 'Soup for Sunday' })), '… and can read it');
is(await guest.locator('textarea').count(), 0, '… but not write in it');
is(await guest.getByRole('link', { name: 'https://example.org/soup' }).count(), 1, 'addresses in a text are links, without the full stop');

await owner.getByRole('button', { name: 'Stop sharing with guest' }).click();
await share(owner, 'guest', 'may read and write');
await guest.reload();
await guest.getByLabel('Note', { exact: true }).fill('three onions');
await saved(guest);
await owner.goto(address);
is(await owner.getByLabel('Note', { exact: true }).inputValue(), 'three onions', 'what a guest may change, the owner reads');

await guest.getByLabel('Note', { exact: true }).fill('four onions');
await saved(guest);
await owner.getByLabel('Note', { exact: true }).fill('no onions at all');
ok(await shown(owner.getByText('guest saved this note while you were writing')), 'two people who write at once are told so');
is(await owner.getByLabel('Note', { exact: true }).inputValue(), 'no onions at all', '… with their own text kept');
ok(await shown(owner.getByText('four onions')), "… and the other's below it");
await shot(owner, 'conflict');
await owner.getByRole('button', { name: 'Keep both' }).click();
await owner.waitForURL(/\/n\//);
ok(owner.url().split('?')[0] !== address, 'both can be kept');
await guest.reload();
is(await guest.getByLabel('Note', { exact: true }).inputValue(), 'four onions', '… and nothing is lost');

// ---- a public link ----

const stranger = await browse();
await owner.goto(`${address}/share`);
await owner.getByRole('button', { name: 'Make a link' }).click();
const link = await owner.locator('.publink a').getAttribute('href');
is((await stranger.goto(PAD + link)).status(), 200, 'whoever has the link reads the note, signed out');
ok(await shown(stranger.getByText('four onions')), '… its text');
is(await stranger.locator('form, textarea').count(), 0, '… and nothing to press');
await stranger.goto(address);
ok(stranger.url().includes('/_fazt/sign-in'), 'the rest of Pad asks a stranger to sign in');
await owner.getByRole('button', { name: 'Stop the link' }).click();
await owner.getByRole('button', { name: 'Make a link' }).waitFor();
is((await stranger.goto(PAD + link)).status(), 404, 'a stopped link leads nowhere');

// ---- the trash ----

await owner.goto(address);
await owner.getByRole('button', { name: 'Move to the trash' }).click();
await owner.getByText('The note is in the trash').waitFor();
is((await guest.goto(address)).status(), 404, 'a note in the trash is gone for others');
await owner.getByRole('button', { name: 'Undo' }).click();
await owner.getByLabel('Title').waitFor();
is((await guest.goto(address)).status(), 200, '… and back for them when that is undone');

// ---- without JavaScript ----

const plain = await signedIn(ownerLinks[1], { javaScriptEnabled: false });
ok(await shown(plain.locator('noscript .notice')), 'without scripts the dashboard says what works');
await plain.goto(`${PAD}/new`);
await plain.getByLabel('Title').fill('By hand');
await plain.getByLabel('Note', { exact: true }).fill('first line');
await plain.getByRole('button', { name: 'Save' }).click();
ok(await shown(plain.getByText('Saved')), 'a note is saved by its button');
await plain.getByLabel('Note', { exact: true }).fill('first line\nsecond line');
await plain.getByRole('button', { name: 'Pin to the top' }).click();
is(await plain.getByLabel('Note', { exact: true }).inputValue(), 'first line\nsecond line', 'pinning it keeps what was typed');
await plain.goto(PAD);
ok(await shown(plain.getByRole('heading', { name: 'Pinned' })), 'a pinned note comes first');
await plain.getByRole('searchbox').fill('second');
await plain.getByRole('button', { name: 'Search' }).click();
is(await cards(plain).count(), 1, 'searching is a form');
await cards(plain).click();
await plain.getByRole('button', { name: 'Share' }).click();
await share(plain, 'guest', 'may read');
ok(await shown(plain.getByText('guest may read', { exact: true })), 'sharing is a form');
await plain.goBack();
await plain.goto(PAD);
await cards(plain).filter({ hasText: 'By hand' }).click();
await plain.getByRole('button', { name: 'Move to the trash' }).click();
await plain.getByRole('button', { name: 'Undo' }).click();
ok(await shown(plain.getByLabel('Title')), 'so are the trash and the way back');

// ---- the dashboard ----

await owner.goto(`${OS}/people`);
await owner.getByLabel('Invite someone').fill('newcomer');
await owner.getByRole('button', { name: 'Make a link' }).click();
const dialog = owner.getByRole('dialog');
ok(/\/_fazt\/invite\?code=/.test(await dialog.getByLabel('Link').inputValue()), 'an invitation is a link to hand on');
await dialog.getByRole('button', { name: 'Done' }).click();
await owner.getByRole('button', { name: 'Remove newcomer' }).click();
await dialog.getByRole('button', { name: 'Remove' }).click();
ok(await owner.locator('.person', { hasText: 'newcomer' }).waitFor({ state: 'detached' }).then(() => true, () => false),
	'somebody is removed after a question');

await owner.goto(`${OS}/apps/pad`);
await owner.getByRole('button', { name: 'Switch off' }).click();
await dialog.getByRole('button', { name: 'Switch off' }).click();
ok(await shown(owner.getByRole('button', { name: 'Switch on' })), 'an app is switched off');
is((await guest.goto(PAD)).status(), 503, '… and says so to those who open it');
await owner.getByRole('button', { name: 'Switch on' }).click();
ok(await shown(owner.getByRole('link', { name: 'Open' })), '… and on again');

await owner.goto(`${OS}/add`);
await owner.getByLabel('Git address').fill('https://127.0.0.1/nothing/here');
await owner.getByRole('button', { name: 'Have a look' }).click();
ok(await shown(owner.getByRole('alert')), 'an address that is not allowed is refused, with a reason');

await guest.goto(`${OS}/people`);
ok(await shown(guest.getByText('There is nothing here')), "the owner's pages are not there for a guest");
is(await guest.getByRole('link', { name: 'Add an app' }).count(), 0, '… nor what only the owner can do');

// ---- with the keyboard alone ----

// What has the focus: its name, and whether one can see that it has it.
const focus = (page) => page.evaluate(() => {
	const e = document.activeElement, style = getComputedStyle(e);
	return { name: (e.getAttribute('aria-label') ?? e.textContent).trim().split('\n')[0], seen: style.outlineStyle !== 'none' };
});

async function tabTo(page, name, limit = 30) {
	for (let i = 0; i < limit; i++) {
		await page.keyboard.press('Tab');
		const at = await focus(page);
		if (at.name.startsWith(name)) return at;
	}
	return { name: 'nowhere', seen: false };
}

await owner.goto(OS);
await owner.getByRole('link', { name: /^Pad/ }).waitFor();
for (const name of ['Skip to the content', 'Apps', 'Runs', 'Calendar', 'People', 'Waiting', 'Account of', 'Pad', 'Settings of Pad', 'Add an app'])
	ok((await tabTo(owner, name.replace(/^Pad$/, 'PPad'))).seen, `Tab reaches "${name}", and one sees it`);
await owner.goto(OS);
await owner.getByRole('link', { name: /^Pad/ }).waitFor();
await tabTo(owner, 'Account of');
await owner.keyboard.press('Enter');
ok((await tabTo(owner, 'Sign out')).seen, 'the account menu opens and is walked through');
await owner.keyboard.press('Escape');
is(await owner.getByRole('button', { name: 'Sign out', exact: true }).isVisible(), false, 'Escape closes it');
await owner.goto(PAD);
await tabTo(owner, 'New note');
await owner.keyboard.press('Enter');
await owner.getByLabel('Title').waitFor();
await owner.getByLabel('Note', { exact: true }).and(owner.locator(':focus')).waitFor();
await owner.keyboard.type('written without a mouse');
await saved(owner);
ok(true, 'a note is written without a mouse');

// ---- on a phone ----

const phone = await signedIn(ownerLinks[2], { size: 'narrow' });
for (const [name, url] of [['tiles', OS], ['people', `${OS}/people`], ['runs', `${OS}/runs`], ['calendar', `${OS}/calendar`], ['waiting', `${OS}/waiting`], ['add', `${OS}/add`],
	['app', `${OS}/apps/pad`], ['notes', PAD], ['note', address], ['share', `${address}/share`], ['trash', `${PAD}/trash`]]) {
	await phone.goto(url);
	await phone.waitForLoadState('networkidle');
	ok(await fits(phone), `${name}: no sideways scrolling at 390 px`);
	await shot(phone, `phone-${name}`);
}

// ---- the way out ----

await phone.goto(OS);
await phone.getByRole('button', { name: 'Account of owner' }).click();
await phone.getByRole('button', { name: 'Sign out everywhere' }).click();
await phone.getByRole('dialog').getByRole('button', { name: 'Sign out everywhere' }).click();
await phone.waitForURL(/\/_fazt\/sign-in/);
ok(true, 'signing out everywhere leads to the door');
await phone.goto(PAD);
ok(phone.url().includes('/_fazt/sign-in'), '… of the apps too');
await owner.goto(OS);
ok(owner.url().includes('/_fazt/sign-in'), '… and in every other browser');

await done();
