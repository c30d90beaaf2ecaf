// The first half minute: the owner's link, the dashboard, the guest's link, and a note of each that the other never sees.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const owner = await browse({ size: 'wide' });
await owner.goto(process.env.OWNER_LINK);
await enter(owner);
is(new URL(owner.url()).hostname, 'os.localhost', "the owner's link leads to the dashboard");
await owner.getByText('Pad', { exact: false }).first().waitFor();
ok(await fits(owner), 'the dashboard fits a wide window');
await shot(owner, 'dashboard-wide');
is(owner.complaints.length, 0, 'the dashboard loads without a complaint');

const guest = await browse({ size: 'narrow' });
await guest.goto(process.env.GUEST_LINK);
await enter(guest);
await guest.getByText('Pad', { exact: false }).first().waitFor();
ok(await fits(guest), 'the dashboard fits a phone');
await shot(guest, 'dashboard-narrow');
is(await guest.getByText('Install', { exact: false }).count(), 0, 'a guest is not offered to install');

for (const [page, name] of [[owner, 'owner'], [guest, 'guest']]) {
	await page.goto(process.env.PAD);
	is(new URL(page.url()).hostname, 'pad.localhost', `${name}: pad opens, signed in`);
	ok(await fits(page), `${name}: pad fits`);
	await shot(page, `pad-${name}`);
}

await done();

// The page behind a one-time link asks for one press of its button.
async function enter(page) {
	const button = page.locator('form button, form input[type=submit]').first();
	if (await button.count()) await Promise.all([page.waitForNavigation(), button.click()]);
}
