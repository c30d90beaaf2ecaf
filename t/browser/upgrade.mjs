// A new version that asks for more: the old one serves until the owner has decided, and is one button away afterwards.
import { browse, done, is, ok, pressArmed } from './tap.mjs';

const { LINK, OS, READER } = process.env;
const page = await browse();
const shown = (locator) => locator.waitFor().then(() => true, () => false);
await page.goto(LINK);
await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));

await page.goto(`${OS}/apps/reader`);
await page.getByRole('button', { name: 'Look for a new version' }).click();
ok(await shown(page.getByRole('heading', { name: 'Upgrade Reader?' })), 'a version that asks for more waits for the owner');
is(await page.getByRole('checkbox').count(), 1, 'only what is new is asked for');
ok(await page.getByLabel('Send mail to any address').isVisible(), '… in its sentence');
await page.goto(READER);
ok(await shown(page.getByText('version 1.0')), 'the old version serves meanwhile');

await page.goto(OS);
await page.getByRole('link', { name: /Waiting 1/ }).click();
await page.locator('details.waits', { hasText: 'Reader' }).locator('summary').first().click();
await pressArmed(page.getByRole('button', { name: 'Upgrade' }));
ok(await shown(page.getByText('Reader has its new version.')), 'the decision is found under Waiting');
await page.goto(READER);
ok(await shown(page.getByText('version 2.0')), 'then the new version serves');

await page.goto(`${OS}/apps/reader`);
await page.getByRole('button', { name: 'Back to the previous version' }).click();
await page.getByRole('dialog').getByRole('button', { name: 'Go back' }).click();
await page.getByRole('dialog').waitFor({ state: 'detached' });
await page.goto(READER);
ok(await shown(page.getByText('version 1.0')), 'and one button brings the old one back');

await page.goto(`${OS}/apps/reader`);
await page.getByRole('button', { name: 'Remove' }).click();
await page.getByLabel('Delete its data too').check();
await page.getByRole('button', { name: 'Remove it and its data' }).click();
await page.waitForURL(`${OS}/`);
is(await page.getByRole('link', { name: /^RReader/ }).count(), 0, 'it is removed after a question');

await done();
