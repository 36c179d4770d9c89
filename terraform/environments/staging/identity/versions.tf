terraform {
  required_version = ">= 1.11"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "~> 6.50"
    }
  }
}

provider "google" {
  project               = module.stack.this.project
  billing_project       = module.stack.this.project
  user_project_override = true
}
