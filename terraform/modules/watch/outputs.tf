output "severities" {
  description = "How many alert policies tell of each severity."
  value = {
    for severity in keys(local.severities) : severity => length([
      for policy in concat(values(google_monitoring_alert_policy.threshold), values(google_monitoring_alert_policy.absence), values(google_monitoring_alert_policy.burn), values(google_monitoring_alert_policy.act), [google_monitoring_alert_policy.seal_age, google_monitoring_alert_policy.uptime]) :
      policy if policy.user_labels["severity"] == severity
    ])
  }
}

output "objectives" {
  description = "What is promised, and how much of it."
  value       = { for name, objective in local.objectives : name => { title = objective.title, goal = objective.goal } }
}

output "sentences" {
  description = "Log sentences that metrics are counted from."
  value       = keys(local.sentences)
}
