// tap — a browser for one script, and TAP on stdout.
//
//     import { browse, ok, is, done } from './tap.mjs';
//     const owner = await browse({ wide: true });     // a Page with its own cookies
//     await owner.goto(process.env.OWNER_LINK);
//     done();
//
// FAZT_NODE is the folder whose node_modules holds playwright-core; SHOTS, if set, a folder for screenshots.
import { createRequire } from 'node:module';
import { existsSync } from 'node:fs';

const require = createRequire(`${process.env.FAZT_NODE}/`);
const { chromium } = require('playwright-core');

const sizes = { wide: { width: 1280, height: 800 }, narrow: { width: 390, height: 844 } };
let browser, count = 0, failed = 0;

export function ok(yes, name, more) {
	console.log(`${yes ? 'ok' : 'not ok'} ${++count} - ${name}`);
	if (!yes) {
		failed++;
		if (more !== undefined) console.log(`# ${String(more).replaceAll('\n', '\n# ')}`);
	}
	return yes;
}

export function is(got, want, name) {
	return ok(got === want, name, `got  ${got}\nwant ${want}`);
}

async function start() {
	const executablePath = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find(existsSync);
	const args = ['--disable-background-networking', '--disable-component-update', '--disable-sync', '--no-first-run',
		'--disable-dev-shm-usage', '--host-resolver-rules=MAP *.localhost 127.0.0.1'];
	if (process.getuid() === 0) args.push('--no-sandbox');
	return chromium.launch({ executablePath, args });
}

// A page with cookies of its own. Whatever it says on its console, or fails to load, becomes a diagnostic and is
// kept in page.complaints.
export async function browse({ size = 'wide', javaScriptEnabled = true } = {}) {
	browser ??= await start();
	const context = await browser.newContext({ viewport: sizes[size], javaScriptEnabled, locale: 'en-GB' });
	const page = await context.newPage();
	page.setDefaultTimeout(15000);
	page.complaints = [];
	const complain = (text) => { page.complaints.push(text); console.log(`# ${text.replaceAll('\n', ' ')}`); };
	page.on('console', (m) => m.type() === 'error' && complain(`console: ${m.text()} (${m.location().url})`));
	page.on('pageerror', (e) => complain(`page error: ${e.message}`));
	page.on('requestfailed', (r) => complain(`failed: ${r.url()} ${r.failure()?.errorText}`));
	return page;
}

// Sign in by a link, which presses its own button.
export async function signIn(page, link) {
	await page.goto(link);
	await page.waitForURL((url) => !url.pathname.startsWith('/_fazt/'));
}

// Does it appear?
export const shown = (locator) => locator.first().waitFor().then(() => true, () => false);

export async function shot(page, name) {
	if (!process.env.SHOTS) return;
	for (const colorScheme of ['dark', 'light']) {
		await page.emulateMedia({ colorScheme });
		await page.screenshot({ path: `${process.env.SHOTS}/${name}${colorScheme === 'dark' ? '-dark' : ''}.png`, fullPage: true });
	}
}

// A button that is armed once it has been in sight for a moment. A page that still settles may take it out of sight again, and it may be armed from before.
export async function pressArmed(button) {
	const page = button.page();
	let armed = false;
	for (let i = 0; i < 30 && !armed; i++) {
		await button.scrollIntoViewIfNeeded();
		await page.waitForTimeout(500);
		armed = await button.getAttribute('aria-disabled') === 'false';
	}
	await button.click();
}

// Does the page fit its window, without scrolling sideways?
export async function fits(page) {
	return page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth);
}

export async function done() {
	await browser?.close();
	console.log(`1..${count}`);
	process.exit(failed ? 1 : 0);
}

process.on('unhandledRejection', async (e) => {
	ok(false, 'the script runs to its end', e.stack);
	await done();
});
