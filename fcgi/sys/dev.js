// In the pages of an app in development, for its owner: show the page anew when its code has changed, or what is wrong
// with the last save. What is shown is text, never markup.
"use strict";
{
	const PERIOD = 70, PATIENCE = 3000, TRIES = 20;
	const script = document.currentScript;
	const version = Number(script.dataset.version);
	let failures = 0, timer = 0, card = null;

	// A page that came from some cache would be reloaded for ever: each version is tried once.
	const reload = (to) => {
		if (sessionStorage.getItem("fazt-dev") === String(to))
			return false;
		sessionStorage.setItem("fazt-dev", String(to));
		location.reload();
		return true;
	};

	const show = (problem) => {
		if (!problem) {
			card?.remove();
			card = null;
			return;
		}
		if (!card) {
			card = document.createElement("pre");
			card.setAttribute("role", "alert");
			card.style.cssText = "position:fixed;inset:auto 0 0 0;z-index:2147483647;margin:0;max-height:60vh;overflow:auto;" +
				"padding:1rem 1.25rem;background:#32090a;color:#ffdad6;border-top:3px solid #f4938a;" +
				"font:14px/1.5 ui-monospace,Menlo,Consolas,monospace;white-space:pre-wrap;overflow-wrap:anywhere";
			document.body.append(card);
		}
		card.textContent = "The last save does not run; the version before it still serves.\n\n" + problem;
	};

	const look = async () => {
		const answer = await fetch("/_fazt/dev", { cache: "no-store", headers: { accept: "application/json" } });
		if (!answer.ok)
			throw new Error(answer.status);
		const now = await answer.json();
		if (now.version !== version && reload(now.version))
			return false;
		show(now.problem);
		return true;
	};

	const turn = async () => {
		let again = true;
		clearTimeout(timer);
		try {
			again = await look();
			failures = 0;
		} catch {
			show(null);
			again = ++failures < TRIES;
		}
		clearTimeout(timer);
		if (again && document.visibilityState === "visible")
			timer = setTimeout(turn, failures ? PATIENCE : PERIOD);
	};

	document.addEventListener("visibilitychange", () => {
		if (document.visibilityState === "visible")
			turn();
	});
	turn();
}
