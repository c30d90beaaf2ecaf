// Runs as the owner sees them, and what waits for an answer, answered where it stands.
import { browse, done, fits, is, ok, pressArmed, shot, signIn, shown } from './tap.mjs';

const { LINK, OS, COUNT, FAIL } = process.env;
const page = await browse();
const dialog = page.getByRole('dialog');
const phone = () => page.setViewportSize({ width: 390, height: 844 });
const wide = () => page.setViewportSize({ width: 1280, height: 800 });
const gone = (locator) => locator.first().waitFor({ state: 'detached' }).then(() => true, () => false);
await signIn(page, LINK);
await page.goto(OS);

// ---- the list ----

ok(await shown(page.locator('.nav .count', { hasText: '3' })), 'the navigation says how many wait');
await page.getByRole('link', { name: 'Runs' }).click();
ok(await shown(page.getByRole('heading', { name: 'Runs' })), 'there is a page of runs');
ok(await shown(page.getByRole('link', { name: /api\/fail\.lua Failed/ })), 'with their state');
ok(await shown(page.getByText(/the printer is on fire/)), '… and what went wrong');
ok(await shown(page.getByText('3 of 5 Counting')), '… and how far they are');
await page.getByLabel('State').selectOption('failed');
ok(await gone(page.getByText('api/count.lua')), 'they are found by state');
is(await page.locator('.decision').count(), 1, '… those alone');
await page.getByLabel('State').selectOption('');
await page.getByLabel('App').selectOption('blog');
ok(await shown(page.getByText('No such run')), '… and by app');
await page.getByLabel('App').selectOption('agent');
ok(await shown(page.getByText('api/count.lua')), '… which has some');
await shot(page, 'runs');
await phone();
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'runs-phone');
await wide();

// ---- one ----

await page.getByRole('link', { name: /api\/fail\.lua/ }).focus();
await page.keyboard.press('Enter');
ok(await shown(page.getByRole('heading', { name: 'api/fail.lua' })), 'the keyboard opens one');
is(new URL(page.url()).pathname, `/runs/${FAIL}`, '… at an address of its own');
ok(await shown(page.getByText(/api\/fail\.lua:5:.*the printer is on fire/)), 'its error says file and line');
ok(await shown(page.getByText('"paper":"A4"')), '… and what it was given');
const step = page.locator('.steplist details', { hasText: 'storage.docs.insert' });
await step.locator('summary').focus();
await page.keyboard.press('Enter');
ok(await shown(step.getByText('"text":"before"')), 'a step shows what it was given');
await shot(page, 'run-failed');
await phone();
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'run-failed-phone');
await wide();
await page.getByRole('button', { name: 'Go on from the failing step' }).click();
ok(await shown(page.getByText('printed')), 'tried again, it ends by itself on the page');
ok(await shown(page.locator('.hero .badge', { hasText: 'Done' })), '… and is done');

await page.goto(`${OS}/runs/${COUNT}`);
ok(await shown(page.getByText('3 of 5 Counting')), 'one that waits says how far it is');
await shot(page, 'run-waits');
await page.getByRole('button', { name: 'Cancel it…' }).click();
await dialog.getByRole('button', { name: 'Cancel it' }).click();
ok(await shown(page.locator('.hero .badge', { hasText: 'Cancelled' })), 'it is cancelled after a question');
ok(await shown(page.getByRole('button', { name: 'From the start' })), '… and could be begun again');

// ---- what waits ----

await phone();
await page.getByRole('link', { name: /^Waiting/ }).click();
ok(await shown(page.getByRole('heading', { name: 'Waiting for you' })), 'what waits is one page');
await shown(page.locator('details.waits').nth(2));
is(await page.locator('details.waits').count(), 3, '… with all of it');
await shot(page, 'waiting-phone');
const one = page.locator('details.waits', { hasText: 'Send the newsletter?' });
await one.locator('summary').first().click();
ok(await shown(one.getByText('Dear\\u{200B} all')), 'a question opens where it stands, and hides nothing');
await one.getByRole('button', { name: 'Change it first' }).click();
const data = one.getByLabel('What the app gets');
ok((await data.inputValue()).includes('Dear\\u200b all'), 'what it is about can be changed, and hides nothing there either');
await data.fill('{ "people": ');
ok(await shown(one.getByText('This is no JSON yet.')), 'what is no JSON says so');
is(await one.getByRole('button', { name: 'Yes, with that' }).getAttribute('aria-disabled'), 'true', '… and is not sent');
await data.fill('{ "people": 12 }');
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'question-phone');
await pressArmed(one.getByRole('button', { name: 'Yes, with that' }));
ok(await shown(page.getByText('Agent goes on.')), 'it is answered');
ok(await gone(one), '… and gone');
ok(await shown(page.locator('.nav .count', { hasText: '2' })), '… and counted off');

await wide();
const proposal = page.locator('details.waits', { hasText: 'The title is larger.' });
await proposal.locator('summary').first().focus();
await page.keyboard.press('Enter');
ok(await shown(proposal.getByRole('heading', { name: 'Upgrade Blog?' })), 'a proposal opens with the keyboard');
ok(await shown(proposal.getByText('Proposed by agent')), '… and says whose it is');
await proposal.locator('details', { hasText: 'api/main.lua' }).locator('summary').click();
ok(await shown(proposal.locator('.diff .plus mark', { hasText: '\\u{202E}' })), '… and what would change, with nothing invisible');
await shot(page, 'proposal');
await phone();
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'proposal-phone');
await wide();
await pressArmed(proposal.getByRole('button', { name: 'Upgrade' }));
ok(await shown(page.getByText('Blog has its new version.')), 'it is deployed');

const last = page.locator('details.waits', { hasText: 'Delete the old ones?' });
await last.locator('summary').first().click();
const url = await last.getByRole('link', { name: 'its run' }).getAttribute('href');
await page.goto(OS + url);
await page.getByRole('link', { name: 'Answer' }).click();
ok(await shown(page.getByRole('heading', { name: 'Agent asks you' })), 'a run leads to its question');
await page.getByLabel('A word with it').fill('not today');
await page.getByRole('button', { name: 'No', exact: true }).click();
ok(await shown(page.getByText('Nothing waits for you')), 'then nothing waits');
is(await page.locator('.nav .count').count(), 0, '… nor is counted');
await page.goBack();
ok(await shown(page.getByText('You said no.')), 'what was decided can be read');
is(page.complaints.filter((text) => !text.includes('ERR_ABORTED')).length, 0, 'the browser had nothing to complain about');
await done();
