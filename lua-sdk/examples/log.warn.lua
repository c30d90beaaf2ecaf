local fazt = require "fazt"
fazt.log.warn("the feed is older than a day")
