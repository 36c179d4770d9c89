output "names" {
  description = "Names of the jobs."
  value       = { for name, job in google_cloud_scheduler_job.job : name => job.name }
}

output "paused" {
  description = "Names of the jobs that wait."
  value       = [for job in google_cloud_scheduler_job.job : job.name if job.paused]
}
