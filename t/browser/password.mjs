// A guest who came in by a link chooses a password, and is signed out elsewhere; the owner no longer sees an invitation.
import { browse, done, fits, is, ok, shot, signIn, shown } from './tap.mjs';

const { LINK, OWNER_LINK, OS } = process.env;
const page = await browse({ size: 'narrow' });
await signIn(page, LINK);
await page.getByRole('button', { name: 'Account of guest' }).click();
await page.getByRole('link', { name: 'Your account' }).click();
ok(await shown(page.getByText('You have none yet')), 'a guest with a link has no password');
is(await page.getByText('Tokens of programs').count(), 0, "… and none of the owner's tokens");
ok(await fits(page), 'the account fits a phone');
await page.getByLabel('New password').fill('too short');
await page.getByLabel('New password').press('Enter');
is(await page.getByText('Your password is set').count(), 0, 'a short one is not taken');
await page.getByLabel('New password').fill('correct horse battery');
await page.getByLabel('New password').press('Enter');
ok(await shown(page.getByText('Your password is set')), 'a good one is, and she stays signed in');
await shot(page, 'password');

const other = await browse();
await other.goto(`${OS}/_fazt/sign-in`);
await other.getByLabel('Name or e-mail').fill('guest');
await other.getByLabel('Password').fill('correct horse battery');
await other.getByLabel('Password').press('Enter');
ok(await shown(other.getByRole('button', { name: 'Account of guest' })), 'it opens the door');
await other.goto(`${OS}/account`);
await other.getByLabel('New password').fill('another horse entirely');
await other.getByRole('button', { name: 'Set the password' }).click();
ok(await shown(other.getByText('Your password is set')), 'changed there');
await page.goto(OS);
ok(page.url().includes('/_fazt/sign-in'), '… the phone has to sign in again');

// ---- where one is signed in ----

await page.getByLabel('Name or e-mail').fill('guest');
await page.getByLabel('Password').fill('another horse entirely');
await page.getByLabel('Password').press('Enter');
ok(await shown(page.getByRole('button', { name: 'Account of guest' })), 'which she does');
await other.goto(`${OS}/account`);
const browsers = other.locator('section', { has: other.getByRole('heading', { name: 'Where you are signed in' }) });
ok(await shown(browsers.getByText('Chrome on Linux')), 'the browsers she is signed in with have names');
is(await browsers.locator('li').count(), 2, '… both of them');
is(await browsers.locator('li', { hasText: 'Here' }).getByRole('button').count(), 0, 'this one is not signed out among them');
await browsers.getByRole('button', { name: 'Sign out Chrome on Linux' }).click();
ok(await browsers.locator('li').nth(1).waitFor({ state: 'detached' }).then(() => true, () => false), 'the other one is, with a button');
await page.goto(OS);
ok(page.url().includes('/_fazt/sign-in'), '… and asks for the password again');
await other.goto(OS);
ok(await shown(other.getByRole('button', { name: 'Account of guest' })), '… while this one goes on');

const owner = await browse();
await signIn(owner, OWNER_LINK);
await owner.goto(`${OS}/people`);
const guest = owner.locator('.person', { hasText: 'guest' });
ok(await shown(guest.getByRole('button', { name: 'Reset' })), 'the owner sees somebody who is here');
is(await guest.getByText('Invited').count(), 0, '… and no invitation');
await done();
