local fazt = require "fazt"
fazt.log.error("the feed does not parse")
