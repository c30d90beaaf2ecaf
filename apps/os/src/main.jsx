// The dashboard: which view an address shows, and what stands around it.

import { render } from "preact";
import { useEffect, useState } from "preact/hooks";
import { openSession, useRead, written } from "./api.js";
import { Account } from "./account.jsx";
import { Add } from "./add.jsx";
import { App } from "./app.jsx";
import { Calendar } from "./calendar.jsx";
import { Candidate } from "./candidate.jsx";
import { Home } from "./home.jsx";
import { Me } from "./me.jsx";
import { People } from "./people.jsx";
import { Question } from "./question.jsx";
import { Title, usePath } from "./route.jsx";
import { Run, Runs } from "./runs.jsx";
import { Icon, Trouble } from "./ui.jsx";
import { WaitingList } from "./waiting.jsx";

// address, view, who may see it, and for those at the top of the page how they are called. The same addresses are
// routes of api/main.lua.
const views = [
  { path: "/", View: Home, nav: "Apps", icon: "apps" },
  { path: "/account", View: Me },
  { path: "/add", View: Add, owner: true },
  { path: "/add/:id", View: Candidate, owner: true },
  { path: "/apps/:name", View: App, owner: true },
  { path: "/runs", View: Runs, owner: true, nav: "Runs", icon: "runs" },
  { path: "/runs/:id", View: Run, owner: true },
  { path: "/calendar", View: Calendar, owner: true, nav: "Calendar", icon: "calendar" },
  { path: "/people", View: People, owner: true, nav: "People", icon: "people" },
  { path: "/questions/:id", View: Question, owner: true },
  { path: "/waiting", View: WaitingList, owner: true, nav: "Waiting", icon: "waiting" },
];

function match(pattern, path) {
  const want = pattern.split("/"), have = path.split("/");
  if (want.length !== have.length) return null;
  const params = {};
  for (const [i, part] of want.entries())
    if (part.startsWith(":")) params[part.slice(1)] = decodeURIComponent(have[i]);
    else if (part !== have[i]) return null;
  return params;
}

function find(path, user) {
  for (const view of views) {
    const params = match(view.path, path);
    if (params && (!view.owner || user.owner)) return <view.View key={path} {...params} user={user} />;
  }
  return <Nowhere />;
}

function Nowhere() {
  return (
    <div class="stack">
      <Title tab="Nothing here">There is nothing here</Title>
      <p class="soft">The address may be old, or meant for the owner of this cloud.</p>
      <p><a class="button" href="/">To your apps</a></p>
    </div>
  );
}

function Navigation({ path }) {
  const waiting = useRead("decision.list");
  const count = waiting.data?.length ?? 0;
  useEffect(() => { waiting.reload(); }, [path]);
  useEffect(() => {
    written.addEventListener("write", waiting.reload);
    addEventListener("focus", waiting.reload);
    return () => { written.removeEventListener("write", waiting.reload); removeEventListener("focus", waiting.reload); };
  }, [waiting.reload]);
  return (
    <nav class="nav" aria-label="Main">
      {views.filter((view) => view.nav).map((view) => (
        <a href={view.path} aria-current={view.path === path ? "page" : undefined}>
          <Icon name={view.icon} />{view.nav}
          {view.path === "/waiting" && count > 0 && <span class="count">{count}<span class="unseen"> waiting</span></span>}
        </a>
      ))}
    </nav>
  );
}

function Bar({ user, path }) {
  return (
    <>
      <a class="mark" href="/"><img src="/icon.svg" alt="" width="28" height="28" /><span>fazt</span></a>
      {user.owner && <Navigation path={path} />}
      <Account user={user} />
    </>
  );
}

function Dashboard({ user }) {
  const path = usePath();
  return (
    <>
      <a class="button skip" href="#main" onClick={skip}>Skip to the content</a>
      <header class="bar"><Bar user={user} path={path} /></header>
      <main class="page" id="main" tabIndex={-1}>{find(path, user)}</main>
    </>
  );
}

function skip(event) {
  event.preventDefault();
  document.getElementById("main").focus();
}

function Start() {
  const [state, setState] = useState({});
  const open = () => openSession().then((user) => setState({ user }), (problem) => setState({ problem }));
  useEffect(() => { open(); }, []);
  if (state.user) return <Dashboard user={state.user} />;
  return <main class="page">{state.problem && <Trouble problem={state.problem} retry={open} />}</main>;
}

// A page that the kernel wrote is complete, but for the bar above it.
const bar = document.getElementById("bar"), root = document.getElementById("app");
if (bar) {
  openSession().then((user) => { bar.replaceChildren(); render(<Bar user={user} path={location.pathname} />, bar); }, () => {});
} else {
  root.replaceChildren();
  render(<Start />, root);
}
