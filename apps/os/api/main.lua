-- The dashboard's one page. Everything on it happens in public/app.js, through the kernel's own API under /_fazt/api/;
-- this file only says who is there, and what still works where scripts do not run.

local entities = { ["&"] = "&amp;", ["<"] = "&lt;", [">"] = "&gt;", ['"'] = "&quot;", ["'"] = "&#39;" }

local function escape(text)
  return (text:gsub("[&<>\"']", entities))
end

local shell = [[
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
<meta name="theme-color" content="#f4f5f2" media="(prefers-color-scheme: light)">
<meta name="theme-color" content="#141816" media="(prefers-color-scheme: dark)">
<title>Your cloud</title>
<link rel="icon" href="/icon.svg">
<link rel="stylesheet" href="/app.css">
<script type="module" src="/app.js"></script>
</head>
<body>
<div id="app" data-name="{name}">
  <main class="page stack still">
    <h1>Hello, {name}</h1>
    <p class="soft scripted">One moment: your apps are on their way.</p>
    <noscript>
      <div class="notice">
        <p><strong>The dashboard needs JavaScript.</strong>
        Your apps have addresses of their own and do not all need it: notes, for example, are at pad. in place of os.
        in the address above. <a href="/_fazt/settings">The settings</a> work as they are, and whoever has a shell on the server can do everything on this page with
        <code>fazt-admin</code>.</p>
      </div>
    </noscript>
  </main>
</div>
</body>
</html>
]]

local headers = {
  ["content-security-policy"] = "default-src 'self'; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
}

local function page(req)
  local html = shell:gsub("{name}", { ["{name}"] = escape(req.user.name) })
  return { html = html, headers = headers }
end

-- The addresses of src/main.jsx, so that a reload or a bookmark finds its way back.
return {
  ["GET /"] = page,
  ["GET /account"] = page,
  ["GET /add"] = page,
  ["GET /add/:candidate"] = page,
  ["GET /apps/:name"] = page,
  ["GET /calendar"] = page,
  ["GET /people"] = page,
  ["GET /questions/:id"] = page,
  ["GET /runs"] = page,
  ["GET /runs/:id"] = page,
  ["GET /settings"] = function() return { redirect = "/_fazt/settings" } end, -- the kernel's own page
  ["GET /waiting"] = page,
}
