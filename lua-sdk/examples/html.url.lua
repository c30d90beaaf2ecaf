local html = require "fazt.html"
assert("/search?q=" .. html.url("salt & pepper") == "/search?q=salt%20%26%20pepper")
