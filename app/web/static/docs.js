SwaggerUIBundle({
  url: "/openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  docExpansion: "none",
  filter: true,
  // Otherwise the page asks a public validator about every document that is not on localhost.
  validatorUrl: null,
});
