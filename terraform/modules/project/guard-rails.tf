# Organization policies on the project. Suggestions: an organization may already have its own, so they are off unless asked
# for, and dry_run shows in the audit log what they would refuse.

locals {
  enforced = [
    "compute.skipDefaultNetworkCreation",
    "iam.automaticIamGrantsForDefaultServiceAccounts",
    "iam.disableServiceAccountKeyCreation",
    "iam.disableServiceAccountKeyUpload",
    "storage.publicAccessPrevention",
    "storage.uniformBucketLevelAccess",
  ]

  allowed = {
    # Residency: nothing can be made outside the region, whatever Terraform or a person says.
    "gcp.resourceLocations" = var.resource_locations
    # `internal` refuses the default, which answers the whole internet past the load balancer.
    "run.allowedIngress"                           = ["internal", "internal-and-cloud-load-balancing"]
    "cloudfunctions.allowedIngressSettings"        = ["ALLOW_INTERNAL_ONLY", "ALLOW_INTERNAL_AND_GCLB"]
    "iam.workloadIdentityPoolProviders"            = [var.issuer]
    "compute.restrictLoadBalancerCreationForTypes" = ["GLOBAL_EXTERNAL_MANAGED_HTTP_HTTPS"]
  }

  denied = {
    # Made without a customer-managed key, a database would hold tenants' records, or a secret, under a key that is not ours.
    "gcp.restrictNonCmekServices" = ["firestore.googleapis.com", "secretmanager.googleapis.com", "spanner.googleapis.com"]
  }

  rules = merge(
    { for name in local.enforced : name => { enforce = "TRUE", allowed = null, denied = null } },
    { for name, values in local.allowed : name => { enforce = null, allowed = values, denied = null } },
    { for name, values in local.denied : name => { enforce = null, allowed = null, denied = values } },
  )
}

resource "google_org_policy_policy" "guard_rail" {
  for_each = { for name, rule in local.rules : name => rule if var.guard_rails != "off" }

  name   = "projects/${var.project}/policies/${each.key}"
  parent = "projects/${var.project}"

  dynamic "spec" {
    for_each = var.guard_rails == "enforce" ? [each.value] : []

    content {
      rules {
        enforce = spec.value.enforce

        dynamic "values" {
          for_each = spec.value.enforce == null ? [spec.value] : []

          content {
            allowed_values = values.value.allowed
            denied_values  = values.value.denied
          }
        }
      }
    }
  }

  dynamic "dry_run_spec" {
    for_each = var.guard_rails == "dry_run" ? [each.value] : []

    content {
      rules {
        enforce = dry_run_spec.value.enforce

        dynamic "values" {
          for_each = dry_run_spec.value.enforce == null ? [dry_run_spec.value] : []

          content {
            allowed_values = values.value.allowed
            denied_values  = values.value.denied
          }
        }
      }
    }
  }

  depends_on = [google_project_service.api]
}
