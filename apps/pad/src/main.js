// What Pad does more when scripts run: it saves while one writes and searches while one types. Everything here asks the
// same routes that the page's own forms use.

import { saveWhileWriting } from "./save.js";
import { searchWhileTyping } from "./search.js";
import { offerCopy } from "./copy.js";

document.body.classList.add("lively");
for (const form of document.querySelectorAll("form.editor:not(.manual)")) saveWhileWriting(form);
for (const form of document.querySelectorAll("form.search")) searchWhileTyping(form);
for (const link of document.querySelectorAll(".publink a")) offerCopy(link);
for (const time of document.querySelectorAll("time")) time.title = new Date(time.dateTime).toLocaleString();
