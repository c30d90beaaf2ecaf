-- Every form of request and response.
local fazt = require "fazt"
local counter = 0
return {
  ["GET /"] = function() return "<h1>hello</h1>" end,
  ["GET /json/:id"] = function(req)
    return { status = 201, headers = { ["x-a"] = "1", ["Content-Type"] = "application/problem+json" },
      json = { id = req.params.id, q = req.query.q, list = fazt.list {}, null = fazt.null, user = req.user and req.user.name } }
  end,
  ["POST /echo"] = function(req)
    return { text = req.json.a .. req.headers["content-type"] .. tostring(req.cookies.c) .. #req.body }
  end,
  ["POST /form"] = function(req) return { text = req.form.a } end,
  ["GET /count"] = function() counter = counter + 1 return { text = tostring(counter) } end,
  ["GET /files/*path"] = function(req) return { file = req.params.path } end,
  ["GET /files/index"] = function() return { blob = "index" } end,
  ["GET /go"] = function() return { redirect = "/else" } end,
  ["GET /nothing"] = function() end,
  ["GET /boom"] = function() error("boom") end,
  ["GET /fail"] = function() fazt.fail("conflict", "too late") end,
  ["GET /big"] = function() return { body = ("x"):rep(3000000) } end,
  ["GET /now"] = function() return { text = os.date("!%Y-%m-%d", os.time()) .. fazt.now() .. math.random(1000000) .. #fazt.id() } end,
  ["GET /call"] = function() return { json = { fazt.storage.docs.find("posts", { a = 1 }) } } end,
  ["GET /app"] = function()
    return { json = fazt.as_app(function() return fazt.storage.docs.get("posts", "1") end) }
  end,
  ["GET /log"] = function() print("a", 1, nil) fazt.log.warn("careful") return "ok" end,
  ["GET /env"] = function() return { text = fazt.env.NAME } end,
}
