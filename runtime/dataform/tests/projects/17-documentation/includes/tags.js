module.exports = { pii: "projects/acme/locations/eu/taxonomies/1/policyTags/2" };
