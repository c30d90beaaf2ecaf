// The kernel's own pages in a browser: a one-time link, an invite and the hand-over, the latter two without JavaScript
// on a phone.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const { OWNER_LINK, INVITE, OS, PAD } = process.env;

const enter = (page) => Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);

const owner = await browse();
await owner.goto(OWNER_LINK);
await owner.waitForURL(`${OS}/`);
ok(true, 'a link signs in by itself where a person looks at it');
await owner.goto(`${PAD}/`);
is(owner.url(), `${PAD}/`, 'an app opens without another word');
const cookies = await owner.context().cookies(PAD);
is(cookies.map((c) => `${c.name} ${c.domain} ${c.httpOnly} ${c.secure} ${c.sameSite}`).join('; '), '__Host-fazt pad.localhost true true Lax',
	'with a cookie of its own, and only that');

const guest = await browse({ size: 'narrow', javaScriptEnabled: false });
await guest.goto(INVITE);
ok(await fits(guest), 'the invite fits a phone');
await shot(guest, 'invite');
await guest.fill('input[type=password]', 'correct horse battery');
await enter(guest);
is(guest.url(), `${OS}/`, 'it is taken by the keyboard alone');
await guest.goto(`${OS}/_fazt/sign-out`);
await guest.click('button');
is(await guest.textContent('h1'), 'Signed out', 'signing out');
await guest.goto(`${PAD}/?q=a%20b`);
ok(guest.url().startsWith(`${OS}/_fazt/sign-in`), 'an app sends a stranger to sign in');
ok(await fits(guest), 'the sign-in page fits a phone');
await guest.fill('input[name=name]', 'guest');
await guest.fill('input[type=password]', 'wrong');
await enter(guest);
is(await guest.textContent('[role=alert]'), 'The name or the password is wrong.', 'a wrong password');
await shot(guest, 'sign-in');
await guest.fill('input[type=password]', 'correct horse battery');
await enter(guest);
is(guest.url(), `${PAD}/?q=a%20b`, 'the right one, and back where it began');
await guest.goto(`${PAD}/_fazt/sign-out`);
await guest.click('button');
await guest.click('a.button');
is(guest.url(), `${PAD}/`, 'signed out of the app alone, the dashboard opens it again');

const refused = owner.complaints.concat(guest.complaints).filter((text) => /Content.Security.Policy|Refused/i.test(text));
is(refused.join('\n'), '', 'no page is at odds with its policy');
done();
