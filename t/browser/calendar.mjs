// What apps will do by themselves, hour by hour; what they did not do; and the owner's hand on it.
import { browse, done, fits, is, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, OS } = process.env;
const page = await browse();
await signIn(page, LINK);
await page.goto(OS);
await page.getByRole('link', { name: 'Calendar' }).click();
ok(await shown(page.getByRole('heading', { name: 'The next seven days' })), 'the week is a page');
const hours = page.locator('.plot button');
await hours.first().waitFor();
const many = await hours.count(); // the browser's clock is two days behind, and its week ends so much earlier
ok(many >= 5 * 24, `what happens every ten minutes happens in each hour of it: ${many}`);
ok(/\d+ times?, .*pulse of diary/.test(await hours.nth(30).getAttribute('aria-label')), 'each hour says what and how often');
const morning = page.getByRole('button', { name: /morning of diary/ });
ok(await morning.count() >= 5, 'a daily job is there on each day');
await morning.nth(2).focus();
await page.keyboard.press('Enter');
ok(await shown(page.locator('.agenda li', { hasText: 'morning' })), 'the keyboard opens an hour');
is(await page.locator('.agenda').first().locator('li').count(), 2, '… and lists that alone');
await page.getByRole('button', { name: 'The whole week' }).click();
ok(await page.locator('.agenda li', { hasText: 'morning' }).count() >= 5, '… and closes it again');
ok(await shown(page.getByText(/14\d times, .*to/)), 'what happens often is counted');
const missed = page.getByRole('region', { name: 'What did not happen' });
ok(await shown(missed.getByText('The app is off.').first()), 'what was missed says why');
await shot(page, 'calendar');
await page.setViewportSize({ width: 390, height: 844 });
ok(await fits(page), 'no sideways scrolling at 390 px');
await shot(page, 'calendar-phone');
const pulse = page.locator('.jobs .line', { hasText: 'pulse' });
await pulse.getByRole('button', { name: 'Pause' }).click();
ok(await shown(pulse.getByText('Paused')), 'a job is let rest');
ok(await shown(pulse.getByRole('button', { name: 'Go on' })), '… and may go on');
await page.locator('.jobs .line', { hasText: 'morning' }).getByRole('button', { name: 'Run now' }).click();
ok(await shown(page.getByRole('heading', { name: 'api/note.lua' })), 'one is run by hand, which leads to its run');
ok(await shown(page.getByText('noted')), '… that ends before one\'s eyes');
await done();
