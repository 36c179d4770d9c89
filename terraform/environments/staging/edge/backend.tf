# The bucket belongs to the stack: terraform init -backend-config=../stacks/<residency>.tfbackend
terraform {
  backend "gcs" {
    prefix = "edge"
  }
}
