// Everything that waits for the owner's word, and the place to give it: each opens where it stands.

import { useState } from "preact/hooks";
import { useLive } from "./api.js";
import { Question } from "./question.jsx";
import { Title, Within } from "./route.jsx";
import { Empty, Face, Loaded, Moment } from "./ui.jsx";

const kinds = {
  upgrade: () => "has a new version that needs your word.",
  candidate: () => "was fetched and is not installed yet.",
  halt: () => "asks you:",
  proposal: ({ asks }) => `would get a new version. ${asks} says:`,
};

export function WaitingList() {
  const decisions = useLive("decision.list");
  const [said, setSaid] = useState("");
  const done = (word) => { setSaid(word); decisions.reload(); };
  return (
    <div class="stack">
      <Title>Waiting for you</Title>
      <p class={said ? "notice" : "unseen"} role="status">{said}</p>
      <Loaded of={decisions}>{(list) => list.length === 0
        ? <Empty title="Nothing waits for you">When an app asks for something that only you can allow, it stands here.</Empty>
        : <ul class="decisions">{list.map((item) => <li key={item.id}><Item item={item} done={done} /></li>)}</ul>}
      </Loaded>
    </div>
  );
}

function Item({ item, done }) {
  const [open, setOpen] = useState(false);
  const toggle = (event) => event.target === event.currentTarget && setOpen(event.currentTarget.open);
  return (
    <details class="card waits" onToggle={toggle}>
      <summary class="decision">
        <Face name={item.name ?? "?"} title={item.title ?? item.name} />
        <span><strong>{item.title ?? item.name}</strong> {kinds[item.kind](item)} {item.reason}
          <span class="soft small"><Moment at={item.created} />{item.count > 1 && ` · ${item.count} times`}{item.expires > 0 && <> · until <Moment at={item.expires} /></>}</span></span>
      </summary>
      {open && <div class="answer"><Within.Provider value={done}><Question id={item.id} /></Within.Provider></div>}
    </details>
  );
}
