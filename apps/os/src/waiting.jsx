// What waits for the owner's word. Deciding happens on the candidate's own page, where everything is shown.

import { useRead } from "./api.js";
import { Title } from "./route.jsx";
import { Empty, Face, Icon, Loaded, Moment } from "./ui.jsx";

const kinds = { upgrade: "has a new version that needs your word.", candidate: "was fetched and is not installed yet.", halt: "asks you:" };
const pages = { upgrade: "add", candidate: "add", halt: "questions" };

export function WaitingList() {
  const decisions = useRead("decision.list");
  return (
    <div class="stack">
      <Title>Waiting for you</Title>
      <Loaded of={decisions}>{(list) => list.length === 0
        ? <Empty title="Nothing waits for you">When an app asks for something that only you can allow, it stands here.</Empty>
        : <ul class="decisions">{list.map((item) => (
            <li key={item.id}><a class="card decision" href={`/${pages[item.kind]}/${item.id}`}>
              <Face name={item.name} title={item.title} />
              <span><strong>{item.title}</strong> {kinds[item.kind]} {item.reason}
                <span class="soft small"><Moment at={item.created} /></span></span>
              <Icon name="back" />
            </a></li>
          ))}</ul>}
      </Loaded>
    </div>
  );
}
