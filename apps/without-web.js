// Stands in place of the dashboard's bundle in a build that was configured --without-web.
document.querySelector("main p").textContent =
  "This build was made without the dashboard’s pages (configure --without-web). Apps work; fazt-admin does the rest.";
