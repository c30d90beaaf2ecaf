// Tiles of the apps, like the first screen of a phone.

import { useRead } from "./api.js";
import { Notices } from "./notices.jsx";
import { Title } from "./route.jsx";
import { Empty, Face, Icon, Loaded } from "./ui.jsx";

function greeting(hour) {
  return hour < 5 ? "Good night" : hour < 12 ? "Good morning" : hour < 18 ? "Good afternoon" : "Good evening";
}

const badges = {
  disabled: <span class="badge grey">Off</span>,
  suspended: <span class="badge warn">Paused</span>,
};

function Tile({ app, owner }) {
  const off = app.state === "disabled";
  const inside = (
    <>
      <Face name={app.name} title={app.title} />
      <span class="name">{app.title}</span>
      {badges[app.state] ?? (app.description && <span class="about">{app.description}</span>)}
    </>
  );
  return (
    <li class={off ? "tile card off" : "tile card"}>
      {off && !owner ? <span class="open">{inside}</span> : <a class="open" href={off ? `/apps/${app.name}` : app.url}>{inside}</a>}
      {owner && <a class="settings" href={`/apps/${app.name}`} aria-label={`Settings of ${app.title}`}><Icon name="more" /></a>}
    </li>
  );
}

export function Home({ user }) {
  const apps = useRead("app.list");
  return (
    <div class="stack wide">
      <Title tab="Your cloud">{greeting(new Date().getHours())}, {user.name}</Title>
      {user.owner && <Notices />}
      <Loaded of={apps}>{(list) => {
        const shown = list.filter((app) => app.name !== "os");
        if (!shown.length && !user.owner)
          return <Empty title="Nothing for you here yet">As soon as the owner of this cloud opens an app to you, it appears on this page.</Empty>;
        return (
          <ul class="tiles">
            {shown.map((app) => <Tile key={app.name} app={app} owner={user.owner} />)}
            {user.owner && (
              <li class="tile add">
                <a class="open" href="/add">
                  <span class="face plus"><Icon name="plus" size={26} /></span>
                  <span class="name">Add an app</span>
                  <span class="about">{shown.length ? "From any Git address" : "Your first one: paste a Git address"}</span>
                </a>
              </li>
            )}
          </ul>
        );
      }}</Loaded>
    </div>
  );
}
