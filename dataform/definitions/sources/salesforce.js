// The extract's tables. Those of optional objects are declared where the extract has them.

for (const object of salesforce.objects().filter(settings.enabled)) {
  declare(salesforce.declaration(object));
}
