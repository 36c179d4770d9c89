output "signing_ring" {
  description = "Path of the signing ring: the functions' KMS_KEY_RING."
  value       = google_kms_key_ring.signing.id
}

output "signing_keys" {
  description = "Path of each signing key."
  value       = { for name, key in google_kms_crypto_key.signing : name => key.id }
}

# Whoever encrypts with a key waits until its agent may use it.
output "data_keys" {
  description = "Path of the key of each kind of data; of secrets, as secrets/LOCATION."
  value       = { for name, key in google_kms_crypto_key.data : name => key.id }
  depends_on  = [google_kms_crypto_key_iam_member.agent]
}
