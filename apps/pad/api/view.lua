-- view: the pages of Pad. Each function takes a table of what it shows and returns a response.

local html = require "html"
local notes = require "notes"
local page = require "page"

local icon, when, name_of, titled, text_with_links = page.icon, page.when, page.name_of, page.titled, page.text_with_links

local view = {}

-- ---- the list ----

local top = html [[
<header class="top">
  <a class="mark" href="/"><img src="/icon.svg" alt="" width="28" height="28"><span>Pad</span></a>
  <form class="search" action="/" role="search">
    <label class="unseen" for="q">Search your notes</label>
    {icon}<input class="input" id="q" name="q" type="search" value="{words}" placeholder="Search your notes" autocomplete="off" enterkeyhint="search">
    <button class="button quiet small">Search</button>
  </form>
  <a class="button new" href="/new">{plus}<span>New note</span></a>
</header>]]

local card = html [[
<li><a class="note card" href="/n/{id}">
  {title}<span class="excerpt">{excerpt}</span>
  <span class="meta">{when}{marks}</span>
</a></li>]]
local card_title = html [[<strong>{title}</strong>]]
local mark = html [[<span class="mark-of">{icon}<span>{text}</span></span>]]
local section = html [[<section aria-labelledby="{id}"><h2 id="{id}" class="{class}">{title}</h2><ul class="notes">{items}</ul></section>]]
local listing = html [[
{top}
<main class="wide">
  <h1 class="unseen">Your notes</h1>
  {notice}
  <div id="results">{sections}{more}<p class="unseen" role="status">{said}</p></div>
  <footer class="foot"><a href="/trash">{icon} Trash</a><span class="soft">{name}</span>
    <a href="{dashboard}">Your apps</a><a href="/_fazt/sign-out">Sign out</a></footer>
</main>]]
local undo = html [[
<div class="notice" role="status"><p>The note is in the trash.</p>
  <form method="post" action="/n/{id}/restore"><button class="button small quiet">Undo</button></form></div>]]
local nothing = html [[<div class="empty"><h2>{title}</h2><p class="soft">{text}</p>{action}</div>]]
local more = html [[<p class="more"><a class="button quiet" href="/?q={words}&amp;more={cursor}">Older notes</a></p>]]
local write_first = html [[<p><a class="button" href="/new">Write a note</a></p>]]

local function marks_of(note, user)
  local shared, marks = note.shared or {}, {}
  local mine = notes.mine(note, user)
  if not mine then marks[1] = mark { icon = icon "people", text = "Shared with you" } end
  for who in pairs(shared) do
    if mine and who ~= "anyone" then marks[1] = mark { icon = icon "people", text = "Shared" } end
  end
  if mine and shared.anyone then marks[#marks + 1] = mark { icon = icon "link", text = "Link" } end
  return marks
end

local function cards(list, user)
  local items = {}
  for i, note in ipairs(list) do
    items[i] = card {
      id = note.id, title = note.title ~= "" and card_title(note), excerpt = note.excerpt, when = when(note.edited), marks = marks_of(note, user),
    }
  end
  return items
end

local function escape_query(text)
  return (text:gsub("[^%w%-_.~]", function(c) return ("%%%02X"):format(c:byte()) end))
end

function view.list(m)
  local words, page_of = m.words or "", m.page
  local sections = {}
  if #page_of.pinned > 0 then
    sections[1] = section { id = "pinned", title = "Pinned", items = cards(page_of.pinned, m.user) }
  end
  if #page_of.notes > 0 then
    local title = words ~= "" and "Found" or "Notes"
    sections[#sections + 1] = section { id = "all", title = title, class = #sections == 0 and words == "" and "unseen", items = cards(page_of.notes, m.user) }
  end
  if #sections == 0 then
    sections[1] = words ~= ""
      and nothing { title = "Nothing found", text = "No note of yours says “" .. words .. "”. Try fewer letters." }
      or nothing { title = "A clean sheet", text = "What you write here is yours alone until you share it.", action = write_first() }
  end
  return page.show("list", words ~= "" and words .. " – Pad" or "Pad", listing {
    top = top { words = words, icon = icon "search", plus = icon "plus" },
    notice = m.trashed and undo { id = m.trashed },
    sections = sections,
    more = page_of.more and more { words = escape_query(words), cursor = escape_query(page_of.more) },
    said = words ~= "" and #page_of.notes .. (page_of.more and " or more" or "") .. " found",
    icon = icon "trash", name = m.user.name, dashboard = m.dashboard,
  })
end

-- ---- one note ----

local editor = html [[
<form class="editor" method="post" action="{action}" data-edition="{edition}">
  <header class="top">
    <a class="button bare" href="/">{back}<span>Notes</span></a>
    <p class="status small soft" role="status">{status}</p>
    <button class="button save">Save</button>
    {tools}
  </header>
  <main class="sheet">
    {sharing}
    <input type="hidden" name="edition" value="{edition}">
    <label class="unseen" for="title">Title</label>
    <input class="title" id="title" name="title" value="{title}" maxlength="200" placeholder="Title" autocomplete="off">
    <label class="unseen" for="body">Note</label>
    <textarea class="body" id="body" name="body" rows="16" maxlength="60000" placeholder="Write something…"{focus}>
{body}</textarea>
  </main>
</form>]]
local tool = html [[<button class="button bare tool" name="then" value="{deed}" aria-label="{label}" title="{label}">{icon}</button>]]
local autofocus = html [[ autofocus]]
local shared_line = html [[<p class="shared small">{icon}<span>{text}</span></p>]]

local function sentence_of_shares(note, names, user)
  if not notes.mine(note, user) then
    return "Shared by " .. name_of(names, note.owner) .. (note.editor ~= note.owner and ", last changed by " .. name_of(names, note.editor) or "")
  end
  local with = {}
  for id in pairs(note.shared or {}) do
    with[#with + 1] = id == "anyone" and "whoever has the link" or id == "members" and "everyone here" or name_of(names, id)
  end
  table.sort(with)
  return #with > 0 and "Shared with " .. table.concat(with, ", ") or nil
end

local function shared_by(m)
  local text = m.names and sentence_of_shares(m.note, m.names, m.user)
  return text and shared_line { icon = icon "people", text = text }
end

local function tools(m)
  local list = {
    tool { deed = m.pinned and "unpin" or "pin", label = m.pinned and "Unpin" or "Pin to the top", icon = icon "pin" },
  }
  if not m.note.id or notes.mine(m.note, m.user) then
    list[#list + 1] = tool { deed = "share", label = "Share", icon = icon "share" }
    list[#list + 1] = tool { deed = "trash", label = "Move to the trash", icon = icon "trash" }
  end
  return list
end

function view.editor(m)
  local note = m.note
  return page.show("write", titled(note) .. " – Pad", editor {
    action = note.id and "/n/" .. note.id or "/n",
    back = icon "back",
    status = m.saved and "Saved" or note.edited and { "Changed ", when(note.edited) },
    tools = tools(m),
    sharing = shared_by(m),
    edition = note.edition, title = note.title, body = note.body,
    focus = not note.id and autofocus(),
  })
end

local reader = html [[
<header class="top"><a class="button bare" href="/">{back}<span>Notes</span></a>
  <form method="post" action="/n/{id}/pin"><button class="button bare tool" name="on" value="{on}" aria-label="{pin_label}" title="{pin_label}">{pin}</button></form></header>
<main class="sheet">
  {sharing}
  <h1>{title}</h1>
  {text}
  <p class="soft small">Changed {when}. You may read this note; ask {owner} if you want to write in it.</p>
</main>]]

function view.reader(m)
  local note = m.note
  return page.show("read", titled(note) .. " – Pad", reader {
    id = note.id, back = icon "back", pin = icon "pin", on = not m.pinned and "1", pin_label = m.pinned and "Unpin" or "Pin to the top",
    sharing = shared_by(m), title = titled(note), text = text_with_links(note.body), when = when(note.edited), owner = name_of(m.names, note.owner),
  })
end

local public = html [[
<main class="sheet">
  <article>
    <h1>{title}</h1>
    <p class="soft small">Changed {when}</p>
    {text}
  </article>
</main>]]

function view.public(m)
  local note = m.note
  return page.show("read", titled(note), public { title = titled(note), when = when(note.edited), text = text_with_links(note.body) })
end

-- ---- two people saved ----

local conflict = html [[
<form class="editor manual" method="post" action="/n/{id}">
  <header class="top"><a class="button bare" href="/n/{id}">{back}<span>Their version</span></a></header>
  <main class="sheet">
    <div class="notice warn" role="alert"><p><strong>{who} saved this note while you were writing.</strong>
      Both texts are here, nothing is lost. Yours comes first and can still be
      changed; theirs is below it. To keep both makes yours a new note.</p></div>
    <input type="hidden" name="edition" value="{edition}">
    <h2>Yours, not saved yet</h2>
    <label class="unseen" for="title">Title</label>
    <input class="title" id="title" name="title" value="{title}" maxlength="200" placeholder="Title">
    <label class="unseen" for="body">Note</label>
    <textarea class="body framed" id="body" name="body" rows="10" maxlength="60000">
{body}</textarea>
    <div class="row">
      <button class="button">Save mine in its place</button>
      <button class="button quiet" formaction="/n">Keep both</button>
      <a class="button quiet" href="/n/{id}">Keep theirs</a>
    </div>
    <h2>Theirs, saved {when}</h2>
    <h3>{their_title}</h3>
    {their_text}
  </main>
</form>]]

function view.conflict(m)
  local mine, theirs = m.mine, m.theirs
  return page.show("write", "Two versions – Pad", conflict {
    id = theirs.id, back = icon "back", who = name_of(m.names, theirs.editor), edition = theirs.edition,
    title = mine.title, body = mine.body,
    when = when(theirs.edited), their_title = titled(theirs), their_text = text_with_links(theirs.body),
  }, 409)
end

-- ---- sharing ----

local sharing = html [[
<header class="top"><a class="button bare" href="/n/{id}">{back}<span>{title}</span></a></header>
<main class="sheet">
  <h1>Share this note</h1>
  <section class="card inset" aria-labelledby="people">
    <h2 id="people">With people here</h2>
    {given}
    {form}
  </section>
  <section class="card inset" aria-labelledby="link">
    <h2 id="link">With a link</h2>
    {link}
  </section>
</main>]]
local given_list = html [[<ul class="given">{items}</ul>]]
local given_item = html [[
<li><span class="grow"><strong>{name}</strong> <span class="soft">{level}</span></span>
  <form method="post"><input type="hidden" name="who" value="{who}"><button class="button small quiet" aria-label="Stop sharing with {name}">Stop</button></form></li>]]
local give_form = html [[
<form class="give" method="post">
  <label class="unseen" for="who">Person</label>
  <select class="input" id="who" name="who" required><option value="">Choose someone…</option>{people}</select>
  <label class="unseen" for="level">What they may do</label>
  <select class="input" id="level" name="level"><option value="read">may read</option><option value="change">may read and write</option></select>
  <button class="button">Share</button>
</form>]]
local option = html [[<option value="{id}">{name}</option>]]
local nobody = html [[<p class="soft">You are alone here so far. When the owner of this cloud invites others, you can choose them here.</p>]]
local make_link = html [[
<p class="soft">Whoever has the link can read the note, also without an account, until you stop it.</p>
<form method="post"><input type="hidden" name="who" value="anyone"><button class="button quiet" name="level" value="read">{icon} Make a link</button></form>]]
local the_link = html [[
<p>Whoever has this link can read the note:</p>
<p class="publink"><a href="/s/{id}">/s/{id}</a></p>
<form method="post"><input type="hidden" name="who" value="anyone"><button class="button danger quiet">Stop the link</button></form>]]

local level_words = { read = "may read", change = "may read and write" }

function view.sharing(m)
  local given, has_link, taken = {}, false, { [m.user.id] = true }
  for _, share in ipairs(m.shares) do
    taken[share.who] = true
    if share.who == "anyone" then
      has_link = true
    else
      local name = share.who == "members" and "Everyone here" or name_of(m.names, share.who)
      given[#given + 1] = given_item { who = share.who, name = name, level = level_words[share.level] }
    end
  end
  local people = {}
  for _, person in ipairs(m.people) do
    if not taken[person.id] then people[#people + 1] = option { id = person.id, name = person.name } end
  end
  if #m.people > 1 and not taken.members then people[#people + 1] = option { id = "members", name = "Everyone here" } end
  return page.show("share", "Share – Pad", sharing {
    id = m.note.id, title = titled(m.note), back = icon "back",
    given = #given > 0 and given_list { items = given },
    form = #people > 0 and give_form { people = people } or #given == 0 and nobody(),
    link = (has_link and the_link or make_link) { id = m.note.id, icon = icon "link" },
  })
end

-- ---- the trash ----

local bin = html [[
<header class="top"><a class="button bare" href="/">{back}<span>Notes</span></a></header>
<main class="sheet">
  <h1>Trash</h1>
  {content}
</main>]]
local bin_list = html [[
<ul class="given card inset">{items}</ul>
<details class="sure"><summary class="button danger quiet">Empty the trash…</summary>
  <form method="post" action="/trash/empty" class="notice danger"><p>What is in the trash is gone for good then.</p>
    <button class="button danger">Delete everything here</button></form></details>]]
local bin_item = html [[
<li><a class="grow" href="/n/{id}"><strong>{title}</strong></a>
  <form method="post" action="/n/{id}/restore"><button class="button small quiet" aria-label="Bring back {title}">Bring back</button></form></li>]]
local trashed = html [[
<header class="top"><a class="button bare" href="/trash">{back}<span>Trash</span></a></header>
<main class="sheet">
  <div class="notice warn"><p>This note is in the trash. Nobody but you can see it.</p>
    <form method="post" action="/n/{id}/restore"><button class="button small">Bring back</button></form>
    <form method="post" action="/n/{id}/delete"><button class="button small danger quiet">Delete for good</button></form></div>
  <h1>{title}</h1>
  {text}
</main>]]

function view.trash(m)
  local items = {}
  for i, note in ipairs(m.notes) do items[i] = bin_item { id = note.id, title = titled(note) } end
  return page.show("share", "Trash – Pad", bin {
    back = icon "back",
    content = #items > 0 and bin_list { items = items } or nothing { title = "The trash is empty", text = "Notes you throw away wait here until you delete them for good." },
  })
end

function view.trashed(m)
  local note = m.note
  return page.show("read", titled(note) .. " – Pad", trashed { id = note.id, title = titled(note), back = icon "back", text = text_with_links(note.body) })
end

return view
