// An app's page over its life: what it is told, its domains, its log; and the tokens of programs.
import { browse, done, fits, is, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, OS, DIARY, HOST } = process.env;
const page = await browse();
const dialog = page.getByRole('dialog');
await signIn(page, LINK);
await page.goto(`${OS}/apps/diary`);

// ---- settings ----

const greeting = page.getByRole('textbox', { name: 'GREETING' }), key = page.locator('input[type=password]');
ok(await shown(page.getByText('API_KEY Needed')), 'what an app needs to know is marked');
await greeting.fill('Good day');
await greeting.press('Enter');
ok(await shown(page.getByText('GREETING Told')), 'a value is set by the keyboard');
await key.fill('sesame');
await page.locator('form', { has: key }).getByRole('button', { name: 'Save' }).click();
ok(await shown(page.getByText('API_KEY Told')), 'so is a secret');
await page.reload();
is(await greeting.inputValue(), 'Good day', 'a value is shown again');
is(await key.inputValue(), '', 'a secret never is');
ok(!(await page.content()).includes('sesame'), '… anywhere on the page');
await page.goto(DIARY);
ok((await page.textContent('body')).includes('Good day'), 'the app is told');
await page.goto(`${OS}/apps/diary`);
await page.getByRole('button', { name: 'Forget GREETING' }).click();
await dialog.getByRole('button', { name: 'Forget it' }).click();
ok(await page.getByText('GREETING Told').waitFor({ state: 'detached' }).then(() => true, () => false), 'a value is taken back after a question');
is(await greeting.inputValue(), '', '… and gone from its field');

// ---- domains ----

await page.getByLabel('Add a domain').fill('not a domain');
await page.getByLabel('Add a domain').press('Enter');
ok(await shown(page.getByText('is not a domain name, such as')), 'what is no domain is refused, with an example');
await page.getByLabel('Add a domain').fill(HOST);
await page.getByRole('button', { name: 'Add', exact: true }).click();
ok(await shown(page.getByText(`${HOST} is noted`)), 'a domain is added');
ok(await shown(page.getByText('fazt-admin nginx print')), '… and says what is left to do');
await page.reload();
await page.getByRole('button', { name: `Remove ${HOST}` }).click();
ok(await shown(page.getByRole('heading', { name: `Take ${HOST} away from Diary?` })), 'taking it away asks, with both names');
await dialog.getByRole('button', { name: 'Take it away' }).click();
ok(await shown(page.getByText('Everybody finds it at diary.localhost')), '… and takes it away');

// ---- the log ----

const other = await page.context().newPage();
const log = async (level, text) => { await other.goto(`${DIARY}log?level=${level}&text=${encodeURIComponent(text)}`); await other.goto('about:blank'); };
await log('info', 'the sun rose');
await page.bringToFront();
await page.getByText('What it logged').click();
ok(await shown(page.getByText('the sun rose')), 'its last lines');
await log('warn', 'clouds gather');
await page.bringToFront();
ok(await shown(page.getByText('clouds gather')), '… and new ones by themselves');
await page.getByLabel('Only lines with').fill('CLOUDS');
ok(await page.getByText('the sun rose').waitFor({ state: 'detached' }).then(() => true, () => false), 'lines are found by their words');
await page.getByLabel('Only lines with').fill('');
await page.getByLabel('Level').selectOption('warn');
ok(await shown(page.getByText('clouds gather')), '… and by their level');
ok(await page.getByText('the sun rose').waitFor({ state: 'detached' }).then(() => true, () => false), '… which leaves the others out');
await shot(page, 'owner-app');

// ---- tokens ----

await page.getByRole('button', { name: 'Account of owner' }).click();
await page.getByRole('link', { name: 'Your account' }).click();
ok(await shown(page.getByText('For diary. Never used.')), 'the tokens, and when they were used last');
ok(await shown(page.getByText('fazt-admin token add')), '… and how one is made');
await page.getByRole('button', { name: 'Remove laptop' }).click();
await dialog.getByRole('button', { name: 'End it' }).click();
ok(await page.getByText('For diary. Never used.').waitFor({ state: 'detached' }).then(() => true, () => false), 'one ends after a question');

// ---- on a phone ----

await page.setViewportSize({ width: 390, height: 844 });
for (const path of ['/apps/diary', '/account']) {
	await page.goto(OS + path);
	await page.waitForLoadState('networkidle');
	ok(await fits(page), `${path}: no sideways scrolling at 390 px`);
	await shot(page, `owner-phone${path.replaceAll('/', '-')}`);
}
is(page.complaints.filter((text) => /Content.Security.Policy|page error/i.test(text)).join('\n'), '', 'no page breaks its policy or a script');
await done();
