// Shows the preview while one writes: it sends the form as its own Preview button would, and takes the preview out of the
// page that comes back.

const PAUSE_MS = 400;
const form = document.querySelector("form.editor");
let timer, request, clean;

const text = () => JSON.stringify(["title", "body", "tags", "slug"].map((name) => form.elements[name].value));

async function preview() {
	const values = new URLSearchParams({ title: form.elements.title.value, body: form.elements.body.value, then: "preview" });
	request?.abort();
	request = new AbortController();
	const answer = await fetch(form.action, { method: "POST", body: values, signal: request.signal }).catch(() => null);
	if (!answer?.ok) return;
	const page = new DOMParser().parseFromString(await answer.text(), "text/html");
	document.getElementById("preview").replaceWith(page.getElementById("preview"));
}

if (form) {
	document.body.classList.add("lively");
	clean = text();
	form.addEventListener("input", () => {
		clearTimeout(timer);
		timer = setTimeout(preview, PAUSE_MS);
	});
	form.addEventListener("submit", () => { clean = null; });
	addEventListener("beforeunload", (event) => clean !== null && clean !== text() && event.preventDefault());
}
