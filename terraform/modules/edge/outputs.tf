output "addresses" {
  description = "What the host's A and AAAA records say."
  value       = { for version, address in google_compute_global_address.edge : version => address.address }
}

output "backend_services" {
  description = "Names of the backend services, as metrics name them."
  value       = { for name, service in google_compute_backend_service.function : name => service.name }
}

output "locations" {
  description = "Locations that stand behind the address."
  value       = distinct(values(google_compute_region_network_endpoint_group.function)[*].region)
}
