// A one-time link must not be used up by a program that only previews it, so opening one changes nothing; the
// button does, and where a person looks at the page it is pressed for them.
"use strict";
{
	const form = document.querySelector("form[data-auto]");
	const go = () => {
		if (form && document.visibilityState === "visible") {
			document.removeEventListener("visibilitychange", go);
			form.requestSubmit();
		}
	};
	document.addEventListener("visibilitychange", go);
	go();
}
