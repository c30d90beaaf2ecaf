local html = require "fazt.html"

return {
  ["GET /"] = function(req)
    return { html = html.render("home", { name = req.user.name }) }
  end,
}
