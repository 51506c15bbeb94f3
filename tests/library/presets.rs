//! What programs of a platform read, and presets therefore name.

use vault::presets::Presets;

/// Variables that a main library or server of a platform reads, and no other.
const READ: [(&str, &str, &str); 22] = [
    ("aws", "region", "AWS_DEFAULT_REGION"),
    ("aws", "session_token", "AWS_SESSION_TOKEN"),
    ("azure-openai", "api_version", "OPENAI_API_VERSION"),
    ("azure-openai", "access_token", "AZURE_API_KEY"),
    ("azure-openai", "resource_name", "AZURE_RESOURCE_NAME"),
    ("google", "access_token", "GOOGLE_GENERATIVE_AI_API_KEY"),
    ("spotify", "client_id", "SPOTIPY_CLIENT_ID"),
    ("spotify", "client_secret", "SPOTIPY_CLIENT_SECRET"),
    ("square", "access_token", "SQUARE_TOKEN"),
    ("digitalocean", "access_token", "DIGITALOCEAN_TOKEN"),
    ("pypi", "access_token", "UV_PUBLISH_TOKEN"),
    ("pypi", "access_token", "TWINE_PASSWORD"),
    ("gitlab", "access_token", "GITLAB_PRIVATE_TOKEN"),
    ("gitlab", "api_url", "GITLAB_API_URL"),
    ("langfuse", "host", "LANGFUSE_BASEURL"),
    ("github", "access_token", "GITHUB_PERSONAL_ACCESS_TOKEN"),
    ("sentry", "access_token", "SENTRY_ACCESS_TOKEN"),
    ("figma", "access_token", "FIGMA_API_KEY"),
    ("slack", "team_id", "SLACK_TEAM_ID"),
    ("cohere", "access_token", "CO_API_KEY"),
    ("anthropic", "auth_token", "ANTHROPIC_AUTH_TOKEN"),
    ("fal", "access_token", "FAL_KEY"),
];

#[test]
fn what_programs_read_is_a_variable_of_the_field_that_it_is() {
    for (platform, field, variable) in READ {
        let (preset, known) = Presets::builtin().by_variable(variable).unwrap();
        assert_eq!((platform, field), (preset.platform.as_str(), known.field.as_str()), "{variable}");
    }
}
