// A new version whose tests fail on a copy of the rows: the owner reads why, and nothing has changed.
import { browse, done, fits, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, OS } = process.env;
const page = await browse();
await signIn(page, LINK);
await page.goto(`${OS}/apps/diary`);
await page.getByRole('button', { name: 'Look for a new version' }).click();
ok(await shown(page.getByRole('heading', { name: 'Diary stays as it is' })), 'a version that fails its rehearsal changes nothing');
ok(await shown(page.getByText('every day has a mood')), 'the test that failed is named');
ok(await shown(page.getByText('t/days.lua', { exact: true })), '… with its file');
ok(await shown(page.getByText(/t\/days\.lua:\d+: a mood was forgotten/)), '… and the line and the message');
await shot(page, 'rehearsal');
await page.setViewportSize({ width: 390, height: 844 });
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'rehearsal-phone');
await page.getByRole('link', { name: 'Back to Diary' }).click();
ok(await shown(page.getByText('Version 1.0 serves')), 'the version before goes on serving');
await done();
