// The page of settings, as somebody uses it: with the keyboard, on a phone, without scripts.
import { browse, done, fits, is, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, PLAIN_LINK, OS } = process.env;
const page = await browse();
await signIn(page, LINK);
await page.goto(OS);
await page.getByRole('button', { name: 'Account of owner' }).click();
await page.getByRole('link', { name: 'Settings', exact: true }).click();
ok(await shown(page.getByRole('heading', { name: 'Settings', exact: true })), 'the account menu leads to the settings');
ok(await shown(page.getByRole('link', { name: 'Calendar' })), '… where the navigation is as everywhere');
ok(await fits(page), 'it fits a wide window');
await shot(page, 'settings');

const quiet = page.getByLabel('push.quiet', { exact: true });
await quiet.focus();
await quiet.fill('late');
await page.keyboard.press('Enter');
ok(await shown(page.locator('#wrong-push\\.quiet')), 'what is wrong is said beside the field');
is(await quiet.inputValue(), 'late', '… and stays');
is(await page.evaluate(() => location.hash), '#push', '… in sight');
await shot(page, 'settings-wrong');
await quiet.fill('23:00-06:00');
await page.keyboard.press('Enter');
ok(await shown(page.getByRole('status').getByText('Saved.')), 'the keyboard alone saves');
await page.getByRole('button', { name: 'push.quiet: back to default' }).focus();
await page.keyboard.press('Enter');
ok(await shown(page.getByText('Back to the default.')), '… and puts back');
is(await quiet.inputValue(), '', '… to nothing');
await page.getByRole('link', { name: 'Runs', exact: true }).click();
ok(await shown(page.getByRole('heading', { name: 'Runs' })), 'the navigation leads back into the dashboard');

await page.setViewportSize({ width: 390, height: 844 });
await page.goto(`${OS}/settings`);
await page.locator('summary', { hasText: 'What every app may use' }).click();
ok(await shown(page.getByLabel('app.files', { exact: true })), 'what is folded opens');
ok(await fits(page), 'no sideways scrolling at 390 px');
const small = await page.evaluate(() => [...document.querySelectorAll('main .button, main input:not([type=hidden]), main select, main summary')]
	.filter((one) => !one.classList.contains('unseen') && one.getClientRects().length && one.getBoundingClientRect().height < 40).map((one) => one.outerHTML.slice(0, 80)));
is(small.join('\n'), '', 'everything to be pressed is as large as a finger');
await shot(page, 'settings-phone');
is(page.complaints.filter((text) => !/400|ERR_ABORTED/.test(text)).join('\n'), '', 'no page breaks its policy or a script');

const plain = await browse({ size: 'narrow', javaScriptEnabled: false });
await plain.goto(PLAIN_LINK);
await plain.getByRole('button').click();
await plain.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
await plain.goto(`${OS}/settings`);
await plain.getByLabel('push.hours', { exact: true }).fill('36');
await plain.getByLabel('push.hours', { exact: true }).press('Enter');
ok(await shown(plain.getByText('Saved.')), 'it works without a script');
is(await plain.getByLabel('push.hours', { exact: true }).inputValue(), '36', '… and says what holds');
ok(await fits(plain), '… and fits the phone');
await shot(plain, 'settings-plain');
await done();
