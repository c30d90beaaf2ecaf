// Leads, used by four people: a stranger, who writes; the owner and a partner, who work with it; and a member, who sees nothing of it.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const { OWNER_LINKS, PARTNER_LINK, GUEST_LINK, LEADS } = process.env;
const ownerLinks = OWNER_LINKS.split(' ');

async function signedIn(link, options) {
	const page = await browse(options);
	await page.goto(link);
	if (options?.javaScriptEnabled === false) await page.locator('form button').first().click();
	await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
	await page.goto(LEADS);
	await page.waitForURL(`${LEADS}/`);
	return page;
}
const shown = (locator) => locator.waitFor().then(() => true, () => false);
const column = (page, label) => page.getByRole('region', { name: new RegExp(`^${label}`) });
const card = (page, label, name) => column(page, label).locator('.card', { hasText: name });

// ---- a stranger writes, without JavaScript, on a phone ----

const stranger = await browse({ size: 'narrow', javaScriptEnabled: false });
await stranger.goto(`${LEADS}/contact`);
ok(await shown(stranger.getByText('Mara & Sons')), 'a stranger is shown a form, with whose it is');
ok(await fits(stranger), '… on a phone');
is(await stranger.getByLabel('Leave this empty').evaluate((e) => e.getBoundingClientRect().right < 0), true, '… whose trap for programs is not seen');
await shot(stranger, 'leads-contact');
await stranger.getByLabel('Name').fill('Tom Ashby');
await stranger.getByLabel('E-mail').fill('tom@ashby');
await stranger.getByLabel('Company').fill('Ashby & Daughters');
await stranger.getByLabel('What can we do for you?').fill('A kitchen.\nSoon.');
await stranger.getByRole('button', { name: 'Send' }).click();
ok(await shown(stranger.getByText('does not look like an e-mail address')), 'what is wrong is said beside its field');
is(await stranger.getByLabel('Company').inputValue(), 'Ashby & Daughters', '… and what was typed is still there');
await shot(stranger, 'leads-contact-wrong');
await stranger.getByLabel('E-mail').fill('tom@ashby.example');
await stranger.getByRole('button', { name: 'Send' }).click();
ok(await shown(stranger.getByRole('heading', { name: 'Thank you' })), 'the message is sent');
await shot(stranger, 'leads-thanks');
await stranger.goto(LEADS);
ok(stranger.url().includes('/_fazt/sign-in'), 'the rest is not for strangers');

// ---- who sees it ----

const owner = await signedIn(ownerLinks[0]);
const partner = await signedIn(PARTNER_LINK);
const guest = await signedIn(GUEST_LINK);
ok(await shown(card(owner, 'New', 'Tom Ashby')), 'the owner finds it in the first column');
ok(await shown(card(owner, 'New', 'Ines "Hook"')), '… beside what came by the webhook');
ok(await shown(card(partner, 'New', 'Tom Ashby')), 'another admin as well');
is(await guest.locator('.card').count(), 0, 'a member sees none of it');
ok(await shown(guest.getByText('to the admins of this app only')), '… and is told why');
await shot(guest, 'leads-member');
await owner.getByRole('link', { name: 'Tom Ashby' }).click();
const lead = new URL(owner.url()).pathname;
is((await guest.goto(LEADS + lead)).status(), 404, '… nor finds it by its address');

// ---- a lead ----

await owner.getByLabel('Add a note').fill('Called back.\nLikes oak.');
await owner.getByRole('button', { name: 'Add', exact: true }).click();
ok(await shown(owner.getByText('Likes oak.')), 'a note is added');
await partner.goto(LEADS + lead);
ok(await shown(partner.getByText('Likes oak.')), '… which the partner reads');
is(await partner.locator('#notes').getByRole('button', { name: 'Delete' }).count(), 0, '… and does not delete');
await owner.getByText('Edit', { exact: true }).click();
await owner.getByLabel('Worth').fill('12500');
await owner.getByRole('button', { name: 'Save' }).click();
ok(await shown(owner.getByText('Saved.')), 'a lead is edited');
await shot(owner, 'leads-lead');
await owner.goto(LEADS);
ok(await shown(card(owner, 'New', 'Tom Ashby').getByText('12 500')), '… and the board shows what it is worth');

// ---- the board ----

let loads = 0;
owner.on('load', () => loads++);
await card(owner, 'New', 'Tom Ashby').getByRole('button', { name: 'Move Tom Ashby to Contacted' }).click();
ok(await shown(card(owner, 'Contacted', 'Tom Ashby').getByRole('button', { name: 'Move Tom Ashby to New' })), 'a button moves a card');
ok(await shown(owner.locator('#status', { hasText: 'Tom Ashby is in Contacted now.' })), '… which is said');
await card(owner, 'Contacted', 'Tom Ashby').dragTo(column(owner, 'Won'));
ok(await shown(card(owner, 'Won', 'Tom Ashby').getByRole('button', { name: 'Move Tom Ashby to Contacted' })), 'dragging moves it as well');
ok(await shown(owner.locator('#status', { hasText: 'Tom Ashby is in Won now.' })), '… and that is said');
is(loads, 0, '… without loading the page');
await owner.reload();
ok(await shown(card(owner, 'Won', 'Tom Ashby')), '… and it stays there');
await shot(owner, 'leads-board');

// ---- a table ----

await owner.getByRole('link', { name: 'All leads' }).click();
await owner.getByRole('link', { name: 'Import' }).click();
await owner.getByLabel('File').setInputFiles({ name: 'leads.csv', mimeType: 'text/csv', buffer: Buffer.from('Name;Email;Worth\nÉva;eva@example.org;100\nBoris;boris;cheap\n') });
await owner.getByRole('button', { name: 'Import' }).click();
ok(await shown(owner.getByText('Row 3, E-mail “boris”: Not an e-mail address.')), 'a table is checked, row by row');
ok(await shown(owner.getByText('Row 3, Worth “cheap”: Must be a whole number.')), '… field by field');
await shot(owner, 'leads-import');
const text = await owner.getByLabel('Or paste the table').inputValue();
await owner.getByLabel('Or paste the table').fill(text.replace('boris;cheap', 'boris@example.org;7'));
await owner.getByRole('button', { name: 'Import' }).click();
ok(await shown(owner.getByRole('link', { name: 'Boris' })), 'what was corrected is imported');
is(await owner.locator('.rows li').count(), 2, '… whole');
await owner.getByRole('searchbox').fill('éva example');
await owner.getByRole('button', { name: 'Show' }).click();
is(await owner.locator('.rows li').count(), 1, 'the search finds words');
const [download] = await Promise.all([owner.waitForEvent('download'), owner.getByRole('link', { name: 'Export' }).click()]);
ok(/^leads-.*\.csv$/.test(download.suggestedFilename()), '… and what it finds is exported');
await owner.getByRole('searchbox').fill('marzipan');
await owner.getByRole('button', { name: 'Show' }).click();
ok(await shown(owner.getByText('Nothing found')), '… and says so when there is nothing');
await shot(owner, 'leads-nothing');

// ---- without JavaScript ----

const plain = await signedIn(ownerLinks[1], { javaScriptEnabled: false });
await card(plain, 'Won', 'Tom Ashby').getByRole('button', { name: 'Move Tom Ashby to Lost' }).click();
ok(await shown(card(plain, 'Lost', 'Tom Ashby')), 'without scripts a button moves a card');
await plain.goto(`${LEADS}/new`);
await plain.getByLabel('Name').fill('By hand');
await plain.getByLabel('E-mail').fill('nobody@here');
await plain.getByRole('button', { name: 'Add', exact: true }).click();
ok(await shown(plain.getByText('Not an e-mail address.')), '… and a form says what is wrong');

// ---- with the keyboard alone ----

async function tabTo(page, name, limit = 60) {
	for (let i = 0; i < limit; i++) {
		await page.keyboard.press('Tab');
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			return { name: (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim(), seen: getComputedStyle(e).outlineStyle !== 'none' };
		});
		if (at.name === name) return at.seen;
	}
	return false;
}
await owner.goto(LEADS);
ok(await tabTo(owner, 'Skip to the content'), 'Tab begins with the way past the menu');
ok(await tabTo(owner, 'Move Boris to Won'), '… and reaches the buttons of a card, which one sees');
await owner.keyboard.press('Enter');
ok(await shown(card(owner, 'Won', 'Boris').getByRole('button', { name: 'Move Boris to New' })), 'a card is moved without a mouse');
is(await owner.evaluate(() => document.activeElement.textContent.trim()), 'Boris', '… and keeps the focus');
await owner.keyboard.press('Enter');
await owner.waitForURL(/\/leads\/\w+$/);
await owner.locator('summary', { hasText: 'Delete' }).focus();
await owner.keyboard.press('Enter');
ok(await tabTo(owner, 'Delete it for good'), '… opened, and deleted behind a question');
await owner.keyboard.press('Enter');
await owner.waitForURL(`${LEADS}/`);
is(await owner.getByText('Boris').count(), 0, '… and then it is gone');

// ---- on a phone ----

const phone = await signedIn(ownerLinks[2], { size: 'narrow' });
for (const [name, path] of [['board', '/'], ['list', '/leads'], ['lead', lead], ['new', '/new'], ['import', '/import']]) {
	await phone.goto(LEADS + path);
	ok(await fits(phone), `${name}: no sideways scrolling at 390 px`);
	await shot(phone, `leads-phone-${name}`);
	await owner.goto(LEADS + path);
	await shot(owner, `leads-wide-${name}`);
}
await owner.emulateMedia({ colorScheme: 'dark' });
await owner.goto(LEADS);
await shot(owner, 'leads-dark');
for (const page of [owner, partner, guest, plain, phone]) is(page.complaints.filter((line) => !/status of 4\d\d|ERR_ABORTED/.test(line)).join('\n'), '', 'nothing was refused by the policy of the page');

await done();
