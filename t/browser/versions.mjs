// A version that migrates rows: compared line by line before, and taken back afterwards, with its rows.
import { browse, done, fits, is, ok, pressArmed, shot, signIn, shown } from './tap.mjs';

const { LINK, OS, DIARY } = process.env;
const page = await browse();
const dialog = page.getByRole('dialog');
await signIn(page, LINK);
await page.goto(`${OS}/apps/diary`);
await page.getByRole('button', { name: 'Look for a new version' }).click();
ok(await shown(page.getByRole('heading', { name: 'Upgrade Diary?' })), 'a version that asks for more waits');

// ---- what is shown before ----

ok(await shown(page.getByText('Its data migrations ran on all rows: 3 of 3 rows change.')), 'what its migrations did to a copy');
ok(await shown(page.getByText('Its one test passes on a copy of the rows.')), '… and that its tests pass there');
ok(await shown(page.getByRole('heading', { name: 'What happened when it was tried' })), '… and what came of trying it as several people');
ok(await shown(page.getByText('What it wants to be told')), '… and what it wants to be told');
ok(await shown(page.getByText('Opens more')), 'a rule that opens more is marked');
const file = page.locator('details', { hasText: 'api/main.lua' });
is(await page.locator('.diff').count(), 0, 'files are compared, closed at first');
await file.locator('summary').focus();
await page.keyboard.press('Enter');
ok(await shown(file.locator('.diff .plus', { hasText: '+-- evil' })), 'Enter opens one: its new lines');
is(await file.locator('mark').textContent(), '\\u{202E}', '… in which nothing is invisible');
await shot(page, 'versions-consent');
await page.setViewportSize({ width: 390, height: 844 });
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'versions-consent-phone');
await page.setViewportSize({ width: 1280, height: 800 });

await pressArmed(page.getByRole('button', { name: 'Upgrade' }));
ok(await shown(page.getByRole('heading', { name: 'Diary is installed' })), 'the owner consents');

// ---- and back ----

await page.goto(DIARY);
await page.evaluate(() => fetch('/', { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"text":"too late"}' }));
await page.goto(`${OS}/apps/diary`);
await page.getByRole('button', { name: 'Back to the previous version' }).click();
ok(await shown(dialog.getByRole('heading', { name: 'Take Diary back to the version before?' })), 'going back asks, and names the app');
ok(await shown(dialog.getByText('The rows went through 0001-mood.lua')), '… and says what the old code does not know');
await dialog.getByLabel('The code and the rows').check();
ok(await shown(dialog.getByText('1 row added since then')), '… and what would be lost with the rows');
await shot(page, 'versions-back');
await page.keyboard.press('Escape');
ok(await shown(page.getByText('Version 2.1 serves')), 'Escape leaves all as it is');
await page.getByRole('button', { name: 'Back to the previous version' }).click();
await dialog.getByLabel('The code and the rows').check();
await dialog.getByRole('button', { name: 'Go back, with its rows' }).click();
ok(await shown(page.getByText('Version 1.0 serves')), 'the version before serves');
await page.goto(DIARY);
ok(!(await page.textContent('body')).includes('too late'), '… with the rows of then');
await done();
