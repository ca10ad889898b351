#!/usr/bin/env bash
# Makes, on the local cloud, what a project that was never under Terraform may hold. It speaks Google's REST API as anybody would.
set -euo pipefail

: "${HEADWATER_ENDPOINT:?is not set: eval \"\$(headwater local env)\"}"
project=${1:?the project is missing: what-exists.sh PROJECT}

call() {
  curl --silent --show-error --fail --output /dev/null -X "$1" "$HEADWATER_ENDPOINT$2" -H 'content-type: application/json' -d "$3"
}

call POST "/storage/v1/b?project=$project" '{
  "name": "acme-shop-landing", "location": "EU", "versioning": {"enabled": true},
  "iamConfiguration": {"uniformBucketLevelAccess": {"enabled": true}},
  "lifecycle": {"rule": [{"action": {"type": "SetStorageClass", "storageClass": "NEARLINE"}, "condition": {"age": 30}}]}
}'
curl --silent --show-error --fail --output /dev/null -X POST -H 'content-type: text/csv' --data-binary $'order_id,total\nA-1,12.50\n' \
  "$HEADWATER_ENDPOINT/upload/storage/v1/b/acme-shop-landing/o?uploadType=media&name=exports/orders.csv"

call POST "/bigquery/v2/projects/$project/datasets" "{
  \"datasetReference\": {\"projectId\": \"$project\", \"datasetId\": \"shop\"}, \"location\": \"EU\",
  \"description\": \"What the shop exports every night.\"
}"
call POST "/bigquery/v2/projects/$project/datasets/shop/tables" "{
  \"tableReference\": {\"projectId\": \"$project\", \"datasetId\": \"shop\", \"tableId\": \"orders\"},
  \"description\": \"Orders, one row each.\",
  \"schema\": {\"fields\": [
    {\"name\": \"order_id\", \"type\": \"STRING\", \"mode\": \"REQUIRED\"},
    {\"name\": \"ordered_at\", \"type\": \"TIMESTAMP\"},
    {\"name\": \"total\", \"type\": \"NUMERIC\"}
  ]},
  \"timePartitioning\": {\"type\": \"DAY\", \"field\": \"ordered_at\"}, \"clustering\": {\"fields\": [\"order_id\"]}
}"
call POST "/bigquery/v2/projects/$project/queries" '{
  "query": "INSERT INTO shop.orders (order_id, ordered_at, total) VALUES (\"A-1\", CURRENT_TIMESTAMP(), 12.50)",
  "useLegacySql": false
}'

for topic in shop-orders shop-returns; do
  call PUT "/v1/projects/$project/topics/$topic" '{}'
done
