// Adding an app: its address, its progress, what it asks for, and the word of the owner.
import { browse, done, fits, is, ok, pressArmed, shot } from './tap.mjs';

const { LINK, OS, SOURCE, COMMIT, TYPO, LEAKY, READER } = process.env;
const page = await browse();
const shown = (locator) => locator.waitFor().then(() => true, () => false);
await page.goto(LINK);
await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));

async function look(source) {
	await page.goto(`${OS}/add`);
	await page.getByLabel('Git address').fill(source);
	await page.getByRole('button', { name: 'Have a look' }).click();
}

await look(TYPO);
ok(await shown(page.getByRole('heading', { name: 'That did not work' })), 'an app with a mistake is refused');
ok(/storrage.*storage/s.test(await page.getByRole('alert').innerText()), '… with the mistake and what was probably meant');

await look(LEAKY);
ok(await shown(page.getByRole('heading', { name: 'What happened when it was tried' })), 'what came of trying a bad one is shown');
const told = (await page.getByRole("region", { name: "What happened" }).innerText()).replace(/\s+/g, " ");
ok(/GET \/all lets anna, ben read a row of “inbox” that belongs to somebody else, by speaking for itself/.test(told), `… and says what it gives away: ${told}`);
await page.getByRole('button', { name: 'No, thank you' }).click();
await page.waitForURL(`${OS}/`);

await look(SOURCE);
ok(await shown(page.getByRole('heading', { name: 'Install Reader?' })), 'a good one is shown and not installed');
const stranger = await browse();
is((await stranger.goto(READER)).status(), 404, '… nothing answers at its address yet');
ok(await page.getByText(COMMIT).isVisible(), 'its commit is shown');
const words = await page.locator('body').innerText();
ok(words.includes('<b>Granted by default</b><script>'), 'INS-17 what an app says of itself is text');
ok(!words.includes('\u202E') && await page.title() !== 'gone', 'INS-17 … without direction marks and scripts');
ok(words.length < 4000, `INS-17 … and cut: ${words.length}`);
ok(words.indexOf('Install Reader?') < words.indexOf('Granted by default'), 'INS-17 … below the words of Fazt');
ok(await page.getByText('Exchange data with api.example.com').isVisible(), 'its permissions are sentences');
ok(await page.getByText('tips: ').isVisible(), 'so are the rules of its rows');
ok(await page.getByText('tried every page of it: nothing crossed a rule').isVisible(), 'so is what came of trying it');
is(await page.getByRole('checkbox', { checked: true }).count(), 0, 'what is risky is not ticked');

const install = page.getByRole('button', { name: 'Install' });
await page.setViewportSize({ width: 1280, height: 300 });
await page.evaluate(() => scrollTo(0, 0));
await page.waitForTimeout(700);
is(await install.getAttribute('aria-disabled'), 'true', 'IDN-18 the button is not armed while nobody can see it');
await install.scrollIntoViewIfNeeded();
is(await install.getAttribute('aria-disabled'), 'true', 'IDN-18 nor at the moment it comes into sight');
await page.locator('button[aria-disabled=false]', { hasText: 'Install' }).waitFor();
ok(true, 'IDN-18 but a little later');

await page.setViewportSize({ width: 390, height: 844 });
ok(await fits(page), 'the question fits a phone');
await shot(page, 'consent');
await page.getByLabel('Exchange data with').check();
await pressArmed(install);
ok(await shown(page.getByRole('heading', { name: 'Reader is installed' })), 'it is installed');
await page.getByRole('link', { name: 'Open Reader' }).click();
ok(await shown(page.getByText('version 1.0')), '… and opens');

await page.goto(`${OS}/apps/reader`);
ok(await page.getByRole('switch', { name: 'Exchange data with' }).isChecked(), 'what was ticked is granted');
is(await page.getByRole('switch', { name: 'Wake up by itself' }).isChecked(), false, '… and nothing else that is risky');
await page.getByRole('switch', { name: 'Exchange data with' }).click();
ok(await shown(page.getByRole('switch', { name: 'Exchange data with', checked: false })), 'it can be taken back');

await done();
