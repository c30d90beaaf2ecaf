// A list that changes without a new page: adding, ticking, removing, and what others did meanwhile. It asks the routes
// that the forms ask, and takes the new list out of the page that they would lead to.
import { fazt } from '/_fazt/client.js';

const live = document.querySelector('[data-live]');
const status = document.getElementById('status');
const OTHERS_MS = 10000;
let busy = 0;

async function refresh() {
	const answer = await fetch(location.pathname, { headers: { accept: 'text/html' } }).catch(() => null);
	if (!answer?.ok || busy > 1) return;
	const page = new DOMParser().parseFromString(await answer.text(), 'text/html');
	const [here, there] = [document, page].map((d) => d.getElementById('items'));
	if (!there || here.innerHTML === there.innerHTML) return;
	const focus = here.contains(document.activeElement) && document.activeElement.id;
	here.replaceWith(there);
	if (focus) (document.getElementById(focus) ?? there).focus({ preventScroll: true });
}

// A tick shows at once; if it fails, the page says so and takes it back.
function turn(box) {
	box?.setAttribute('aria-checked', String(box.getAttribute('aria-checked') !== 'true'));
}

async function send(event) {
	event.preventDefault();
	const form = event.target, box = form.querySelector('[role=checkbox]');
	turn(box);
	busy++;
	try {
		await fazt.post(form.action, Object.fromEntries(new FormData(form)));
		form.reset();
		status.textContent = '';
		await refresh();
	} catch (e) {
		turn(box);
		if (e.code === 'unauthorized') fazt.signIn();
		status.textContent = Object.values(e.fields ?? {})[0] ?? e.message;
	}
	busy--;
}

function look() {
	if (!document.hidden && !busy) refresh();
}

if (live) {
	live.addEventListener('submit', send);
	document.addEventListener('visibilitychange', look);
	setInterval(look, OTHERS_MS);
}
