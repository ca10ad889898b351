provider "headwater" {
  project = "acme-data"
  region  = "europe-west1"

  # On a laptop: the address that `headwater local up` prints, here or in HEADWATER_ENDPOINT.
  # endpoint = "http://127.0.0.1:8650"
}
