// What a new version changes: its promises, then file by file. The kernel compares, and writes out every character that
// would hide or turn text around (\u{202E}); here they only get a colour.

import { useState } from "preact/hooks";
import { useRead } from "./api.js";
import { bytes, Loaded, Section, Sentences } from "./ui.jsx";

// An upgrade is compared with what serves, a new app that an app proposes is shown whole; of a new one from elsewhere there is nothing to show.
export function useChanges(app, id) {
  const [operation, args] = app.upgrade ? ["app.diff", { app: app.name, id }] : ["halt.show", { id }];
  return useRead(app.upgrade || app.asks ? operation : null, args);
}

// The files of which nobody sees what is in them.
export function hidden(data) {
  return (data?.files ?? data?.changes)?.filter(({ unseen }) => unseen);
}

export function Changes({ of }) {
  return (
    <Section title="What changes">
      <Loaded of={of}>{(data) => <><Promises diff={data} /><Files files={data.files} /></>}</Loaded>
    </Section>
  );
}

// All of an app that there is not yet.
export function Content({ of }) {
  return <Section title="What is in it"><Loaded of={of}>{(data) => <Files files={data.changes} />}</Loaded></Section>;
}

function Promises({ diff }) {
  const { rules, rules_before: before, permissions_before: dropped, wider } = diff;
  return (
    <>
      {wider && !rules.includes(wider) && <p><span class="badge warn">Opens more</span> {wider}</p>}
      {rules.length > 0 && <><h3>From now on {rules.includes(wider) && <span class="badge warn">Opens more</span>}</h3><Sentences list={rules} /></>}
      {before.length > 0 && <><h3>No longer</h3><Sentences list={before} soft /></>}
      {dropped.length > 0 && <p class="soft">It no longer asks for: {dropped.join(", ")}.</p>}
    </>
  );
}

const kinds = { added: "New", removed: "Gone", changed: "Changed" };

function Files({ files }) {
  if (files.length === 0) return <p class="soft">No file is different.</p>;
  return (
    <>
      <h3>{files.length === 1 ? "One file" : `${files.length} files`}</h3>
      <ul class="files">{files.map((file) => <li key={file.path}><File file={file} /></li>)}</ul>
    </>
  );
}

function File({ file }) {
  const [open, setOpen] = useState(false);
  const lines = file.diff?.split("\n").slice(0, -1) ?? [];
  const count = (sign) => lines.filter((line) => line.startsWith(sign)).length;
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary><code>{file.path}</code> <span class="soft small">{kinds[file.change]}{file.diff !== null && (
        <> <span class="plus">+{count("+")}</span> <span class="minus">−{count("-")}</span></>)}</span></summary>
      {open && (file.diff === null
        ? <p class="hint">Not shown line by line, because it is no text or too long: {bytes(file.before)} before, {bytes(file.after)} now.</p>
        : <Lines lines={lines} />)}
    </details>
  );
}

const looks = { "+": "plus", "-": "minus", "@": "place", "\\": "place" };

export function Lines({ lines }) {
  return (
    <pre class="diff">{lines.map((line, i) => (
      <span key={i} class={looks[line[0]]}>{line.startsWith("@@") ? place(line) : <Unmasked text={line} />}{"\n"}</span>
    ))}</pre>
  );
}

function place(hunk) {
  const [, from] = hunk.match(/\+(\d+)/);
  return `Line ${from}`;
}

// What the kernel wrote instead of a character that deceives.
function Unmasked({ text }) {
  return text.split(/(\\u\{[0-9A-F]+\}|\\x[0-9A-F]{2})/).map((part, i) => (i % 2 ? <mark title="An invisible or misleading character">{part}</mark> : part));
}
