// The blog, used by three people: its owner, who writes; a member, who comments; and a stranger, who reads.
import { browse, done, fits, is, ok, shot } from './tap.mjs';

const { OWNER_LINKS, GUEST_LINK, BLOG } = process.env;
const ownerLinks = OWNER_LINKS.split(' ');
const PNG = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAABAAAAAQCAIAAACQkWg2AAAAF0lEQVR4nGOQLzQjCTGMahjVMHQ1AAB2QkAB0KZ6IQAAAABJRU5ErkJggg==', 'base64');

async function signedIn(link, options) {
	const page = await browse(options);
	await page.goto(link);
	if (options?.javaScriptEnabled === false) await page.locator('form button').first().click();
	await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
	await page.goto(`${BLOG}/_fazt/sign-in`);
	await page.waitForURL(`${BLOG}/`);
	return page;
}
const shown = (locator) => locator.waitFor().then(() => true, () => false);
const status = async (page, path) => (await page.goto(BLOG + path)).status();

const owner = await signedIn(ownerLinks[0]);
const guest = await signedIn(GUEST_LINK);
const stranger = await browse({ size: 'narrow' });

// ---- the first page of a new blog ----

ok(await shown(owner.getByText('Nothing here yet')), 'a new blog says so to its owner');
await shot(owner, 'blog-empty');
await stranger.goto(BLOG);
ok(await shown(stranger.getByText('Come back soon')), '… and to a stranger, without being asked to sign in');
is(await stranger.getByRole('link', { name: 'Write' }).count(), 0, '… who is not offered to write');

await owner.getByRole('link', { name: 'Drafts' }).click();
await owner.getByRole('link', { name: 'Settings of the blog' }).click();
await owner.getByLabel('Name of the blog').fill('Salt & Pepper');
await owner.getByLabel('What it is about').fill('What we cook on Sundays.');
await owner.getByRole('button', { name: 'Save' }).click();
await stranger.reload();
is(await stranger.title(), 'Salt & Pepper', 'the owner names it');

// ---- a draft ----

await owner.getByRole('link', { name: 'Write', exact: true }).click();
await owner.getByLabel('Title').fill('Soup & <sauce>');
await owner.getByLabel('Text').fill('Two **onions**, some [salt](https://example.org/salt).\n\n## Then\n\n1. cut them\n2. wait\n\n> Patience.\n\n<script>alert(1)</script>');
ok(await shown(owner.locator('#preview strong', { hasText: 'onions' })), 'the preview follows while one writes');
is(await owner.locator('#preview script').count(), 0, '… and runs nothing');
await owner.getByLabel('Tags').fill('kitchen, #Sunday');
await shot(owner, 'blog-editor');
await owner.getByRole('button', { name: 'Save draft' }).click();
ok(await shown(owner.getByText('Saved.')), 'a draft is saved');
const edit = new URL(owner.url()).pathname;
await owner.getByLabel('Add an image').setInputFiles({ name: 'My Soup.png', mimeType: 'image/png', buffer: PNG });
await owner.getByRole('button', { name: 'Upload' }).click();
ok(await shown(owner.getByText('The image is in')), 'an image is uploaded');
const src = await owner.locator('#preview img').getAttribute('src');
ok(/^\/images\/\w{26}\/my-soup\.png$/.test(src), '… and stands in the text', src);
is(await owner.locator('#preview img').evaluate((img) => img.naturalWidth), 16, '… where one sees it');

for (const [who, page] of [['a member', guest], ['a stranger', stranger]]) {
	is(await status(page, '/posts/soup-sauce'), 404, `${who} does not find the draft`);
	is(await status(page, edit), 404, '… nor its editor');
	is(await status(page, src), 404, '… nor its image');
	await page.goto(BLOG);
	is(await page.locator('article').count(), 0, '… nor on the first page');
}

// ---- published ----

await owner.getByRole('button', { name: 'Publish' }).click();
await owner.waitForURL(`${BLOG}/posts/soup-sauce`);
await shot(owner, 'blog-post');
is(await status(stranger, '/posts/soup-sauce'), 200, 'what is published, a stranger reads at a readable address');
is(await stranger.title(), 'Soup & <sauce> – Salt & Pepper', '… with a title');
const meta = (name) => stranger.locator(`meta[property="${name}"], meta[name="${name}"]`).getAttribute('content');
is(await meta('og:url'), `${BLOG}/posts/soup-sauce`, '… and what others show of it');
is(await meta('og:image'), BLOG + src, '… with its image');
ok((await meta('description')).startsWith('Two onions, some salt.'), '… and its first words');
is(await status(stranger, src), 200, 'the image is public now as well');
await stranger.goto(BLOG);
await stranger.getByRole('link', { name: '#sunday' }).click();
ok(await shown(stranger.getByRole('link', { name: 'Soup & <sauce>' })), 'a tag leads to what has it');
await stranger.goto(`${BLOG}/posts/soup-sauce`);
is(await stranger.locator('#comments form').count(), 0, 'a stranger is offered no form');
await stranger.locator('#comments').getByRole('link', { name: 'Sign in' }).click();
ok(stranger.url().includes('/_fazt/sign-in'), '… but to sign in');

await guest.goto(`${BLOG}/posts/soup-sauce`);
await guest.getByLabel('Your comment').fill('More <b>salt</b>!\nReally.');
await guest.getByRole('button', { name: 'Comment as guest' }).click();
ok(await shown(guest.getByRole('heading', { name: 'One comment' })), 'a member comments');
is(await guest.locator('.comments .text').innerText(), 'More <b>salt</b>!\nReally.', '… and it is shown as it was typed');
await stranger.goto(`${BLOG}/posts/soup-sauce`);
ok(await shown(stranger.getByText('More <b>salt</b>!')), '… which everybody reads');
is(await stranger.getByRole('button', { name: /Delete/ }).count(), 0, '… and may not delete');
is(await guest.getByRole('link', { name: 'Edit' }).count(), 0, 'a member edits nothing');
await guest.goto(BLOG + edit);
is(new URL(guest.url()).pathname, '/posts/soup-sauce', '… and is led to the post instead');

await owner.reload();
await shot(owner, 'blog-comments');
await owner.getByRole('button', { name: 'Delete the comment of guest' }).click();
ok(await shown(owner.getByRole('heading', { name: 'Comments', exact: true })), 'whose post it is may delete a comment');

// ---- without JavaScript ----

const plain = await signedIn(ownerLinks[1], { javaScriptEnabled: false });
await plain.goto(`${BLOG}/new`);
await plain.getByLabel('Title').fill('By hand');
await plain.getByLabel('Text').fill('*slanted*');
await plain.getByRole('button', { name: 'Preview' }).click();
ok(await shown(plain.locator('#preview em', { hasText: 'slanted' })), 'without scripts the preview is a button');
is(await plain.getByLabel('Text').inputValue(), '*slanted*', '… that keeps what was typed');
await plain.getByRole('button', { name: 'Save draft' }).click();
ok(await shown(plain.getByText('Saved.')), '… and saving one');
await plain.getByLabel('Address').fill('soup-sauce');
await plain.getByRole('button', { name: 'Save draft' }).click();
ok(await shown(plain.getByText('Another post has that address.')), 'an address that is taken is said beside its field');
is(await plain.getByLabel('Address').inputValue(), 'soup-sauce', '… where it still stands');
await plain.goto(`${BLOG}/drafts`);
ok(await shown(plain.getByRole('link', { name: 'By hand' })), 'drafts have a page');

// ---- with the keyboard alone ----

async function tabTo(page, name, limit = 40) {
	for (let i = 0; i < limit; i++) {
		await page.keyboard.press('Tab');
		const at = await page.evaluate(() => {
			const e = document.activeElement;
			return { name: (e.getAttribute('aria-label') ?? e.labels?.[0]?.textContent ?? e.textContent).trim(), seen: getComputedStyle(e).outlineStyle !== 'none' };
		});
		if (at.name === name) return at.seen;
	}
	return false;
}
await owner.goto(BLOG);
ok(await tabTo(owner, 'Skip to the content'), 'Tab begins with the way past the menu, and one sees it');
ok(await tabTo(owner, 'Write'), '… and reaches "Write"');
await owner.keyboard.press('Enter');
await owner.waitForURL(`${BLOG}/new`);
ok(await tabTo(owner, 'Title'), '… the title');
await owner.keyboard.type('Without a mouse');
ok(await tabTo(owner, 'Text'), '… the text');
await owner.keyboard.type('Written without one.');
ok(await tabTo(owner, 'Save draft'), '… and saving');
await owner.keyboard.press('Enter');
ok(await shown(owner.getByText('Saved.')), 'a draft is written without a mouse');
ok(await tabTo(owner, 'Title'), '… and Enter in the title');
await owner.keyboard.press('Enter');
ok(await shown(owner.getByText('Saved.')), '… saves, and publishes nothing');
is(await status(stranger, '/posts/without-a-mouse'), 404, '… as a stranger sees');
await owner.locator('summary').focus();
await owner.keyboard.press('Enter');
ok(await tabTo(owner, 'Delete it for good'), 'deleting is behind a question');
await owner.keyboard.press('Enter');
await owner.waitForURL(`${BLOG}/drafts`);
is(await owner.getByText('Without a mouse').count(), 0, '… and then it is gone');

// ---- on a phone ----

const phone = await signedIn(ownerLinks[2], { size: 'narrow' });
for (const [name, path] of [['home', '/'], ['post', '/posts/soup-sauce'], ['new', '/new'], ['edit', edit], ['drafts', '/drafts'], ['settings', '/settings']]) {
	await phone.goto(BLOG + path);
	await phone.waitForLoadState('networkidle');
	ok(await fits(phone), `${name}: no sideways scrolling at 390 px`);
	await shot(phone, `blog-phone-${name}`);
	await owner.goto(BLOG + path);
	await shot(owner, `blog-wide-${name}`);
}
await owner.emulateMedia({ colorScheme: 'dark' });
await owner.goto(`${BLOG}/posts/soup-sauce`);
await shot(owner, 'blog-dark');
for (const page of [owner, guest, plain, phone]) is(page.complaints.filter((text) => !/status of 4\d\d|ERR_ABORTED/.test(text)).join('\n'), '', 'nothing was refused by the policy of the page');

await done();
