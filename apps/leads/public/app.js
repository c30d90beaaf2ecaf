// The board without loading it anew: a button or a card that is dragged moves it, and what happened elsewhere shows up. It asks
// the routes that the forms ask, and takes the board out of the page that they would lead to.

const OTHERS_MS = 15000;
const status = document.getElementById("status");
let dragged = null, busy = 0;

async function refresh(focus) {
	const answer = await fetch("/", { headers: { accept: "text/html" } }).catch(() => null);
	const there = answer?.ok && new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("board");
	if (!there || dragged) return;
	const here = document.getElementById("board");
	const held = focus ?? document.activeElement?.closest?.(".card")?.id;
	if (here.innerHTML === there.innerHTML) return;
	here.replaceWith(there);
	if (held) document.getElementById(held)?.querySelector("a").focus({ preventScroll: true });
	settle();
}

async function move(card, stage) {
	const name = card.querySelector("strong").textContent;
	const column = document.querySelector(`.column[data-stage="${stage}"]`);
	busy++;
	column.querySelector("ul").prepend(card);
	const answer = await fetch(card.querySelector("form").action, {
		method: "POST", headers: { accept: "application/json" }, body: new URLSearchParams({ stage }), keepalive: true,
	}).catch(() => null);
	const problem = answer && !answer.ok && await answer.json().catch(() => null);
	status.textContent = answer?.ok ? `${name} is in ${column.querySelector("h2").firstChild.textContent.trim()} now.`
		: problem?.error?.message ?? `${name} was not moved: there is no connection.`;
	status.classList.toggle("unseen", Boolean(answer?.ok));
	await refresh(card.id);
	busy--;
}

function settle() {
	for (const card of document.querySelectorAll(".board .card")) card.draggable = true;
}

function mark(column) {
	for (const other of document.querySelectorAll(".column")) other.classList.toggle("over", other === column);
}

if (document.getElementById("board")) {
	settle();
	addEventListener("submit", (event) => {
		if (!event.target.matches(".move")) return;
		event.preventDefault();
		move(event.target.closest(".card"), event.submitter.value);
	});
	addEventListener("dragstart", (event) => {
		dragged = event.target.closest?.(".board .card");
		if (!dragged) return;
		event.dataTransfer.effectAllowed = "move";
		event.dataTransfer.setData("text/plain", dragged.id);
		dragged.classList.add("dragged");
	});
	addEventListener("dragover", (event) => {
		const column = dragged && event.target.closest?.(".column");
		mark(column);
		if (column) event.preventDefault();
	});
	addEventListener("drop", (event) => {
		const column = dragged && event.target.closest?.(".column"), card = dragged;
		if (!column) return;
		event.preventDefault();
		dragged = null;
		if (!column.contains(card)) move(card, column.dataset.stage);
	});
	addEventListener("dragend", () => {
		document.querySelector(".dragged")?.classList.remove("dragged");
		dragged = null;
		mark(null);
	});
	setInterval(() => document.hidden || busy || refresh(), OTHERS_MS);
	document.addEventListener("visibilitychange", () => document.hidden || busy || refresh());
}
