//! Creates the table.

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::{
    AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, LocalSecondaryIndex, Projection,
    ProjectionType, ProvisionedThroughput, TableDescription, TimeToLiveSpecification,
};
use serde::Deserialize;
use serde::de::IgnoredAny;
use serde_json::Value;

use super::ProvisionError;
use crate::aws::clients;
use crate::template::{Table, flag, whole};

/// CloudFormation's properties of a table. Other properties are refused, so that none is ignored without notice.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Properties {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<Key>,
    billing_mode: Option<String>,
    provisioned_throughput: Option<Throughput>,
    #[serde(default)]
    global_secondary_indexes: Vec<Index>,
    #[serde(default)]
    local_secondary_indexes: Vec<Index>,
    time_to_live_specification: Option<TimeToLive>,
    /// The template's reader handles it.
    #[serde(rename = "TableName")]
    _table_name: Option<IgnoredAny>,
    // Backups, encryption, protection, warmth and tags change nothing here.
    #[serde(rename = "WarmThroughput")]
    _warm: Option<IgnoredAny>,
    #[serde(rename = "PointInTimeRecoverySpecification")]
    _recovery: Option<IgnoredAny>,
    #[serde(rename = "SSESpecification")]
    _encryption: Option<IgnoredAny>,
    #[serde(rename = "DeletionProtectionEnabled")]
    _protection: Option<IgnoredAny>,
    #[serde(rename = "ContributorInsightsSpecification")]
    _insights: Option<IgnoredAny>,
    #[serde(rename = "TableClass")]
    _class: Option<IgnoredAny>,
    #[serde(rename = "Tags")]
    _tags: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Key {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Index {
    index_name: String,
    key_schema: Vec<Key>,
    projection: IndexProjection,
    provisioned_throughput: Option<Throughput>,
    #[serde(rename = "WarmThroughput")]
    _warm: Option<IgnoredAny>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct IndexProjection {
    projection_type: String,
    non_key_attributes: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct Throughput {
    read_capacity_units: Value,
    write_capacity_units: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct TimeToLive {
    attribute_name: Option<String>,
    enabled: Value,
}

/// Creates the table and sets its TTL. If the table exists, its keys and indexes must be the same.
pub(super) async fn provision(table: &Table, endpoint: &str) -> Result<(), ProvisionError> {
    let properties = Properties::deserialize(&table.properties)?;
    let client = Client::from_conf(clients::dynamodb(endpoint).build());
    let failed = |error| ProvisionError::call(&table.name, error);
    match client.describe_table().table_name(&table.name).send().await {
        Ok(there) => {
            let same = there.table.is_some_and(|there| is_same(&there, &properties));
            if !same {
                return Err(ProvisionError::Differs { table: table.name.clone() });
            }
        }
        Err(error) if error.as_service_error().is_some_and(|error| error.is_resource_not_found_exception()) => {
            create(&client, &table.name, &properties).await?;
        }
        Err(error) => return Err(failed(error)),
    }
    expire(&client, &table.name, &properties).await
}

async fn create(client: &Client, name: &str, properties: &Properties) -> Result<(), ProvisionError> {
    let mut request = client
        .create_table()
        .table_name(name)
        .set_billing_mode(properties.billing_mode.as_deref().map(BillingMode::from))
        .set_provisioned_throughput(throughput(properties.provisioned_throughput.as_ref())?)
        .set_key_schema(Some(keys(&properties.key_schema)?));
    for attribute in &properties.attribute_definitions {
        let definition = AttributeDefinition::builder()
            .attribute_name(&attribute.attribute_name)
            .attribute_type(attribute.attribute_type.as_str().into());
        request = request.attribute_definitions(definition.build()?);
    }
    for index in &properties.global_secondary_indexes {
        let built = GlobalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(keys(&index.key_schema)?))
            .set_provisioned_throughput(throughput(index.provisioned_throughput.as_ref())?)
            .projection(projection(&index.projection));
        request = request.global_secondary_indexes(built.build()?);
    }
    for index in &properties.local_secondary_indexes {
        let built = LocalSecondaryIndex::builder()
            .index_name(&index.index_name)
            .set_key_schema(Some(keys(&index.key_schema)?))
            .projection(projection(&index.projection));
        request = request.local_secondary_indexes(built.build()?);
    }
    request.send().await.map(drop).map_err(|error| ProvisionError::call(name, error))
}

/// Turns TTL on, if the template does and the table has none.
async fn expire(client: &Client, name: &str, properties: &Properties) -> Result<(), ProvisionError> {
    let Some(TimeToLive { attribute_name: Some(attribute), enabled }) = &properties.time_to_live_specification else {
        return Ok(());
    };
    if !flag(enabled, "TimeToLiveSpecification.Enabled")? {
        return Ok(());
    }
    let there = client.describe_time_to_live().table_name(name).send().await;
    let there = there.map_err(|error| ProvisionError::call(name, error))?.time_to_live_description;
    if there.is_some_and(|there| there.attribute_name.as_deref() == Some(attribute)) {
        return Ok(());
    }
    let specification = TimeToLiveSpecification::builder().attribute_name(attribute).enabled(true).build()?;
    let update = client.update_time_to_live().table_name(name).time_to_live_specification(specification).send().await;
    update.map(drop).map_err(|error| ProvisionError::call(name, error))
}

fn is_same(there: &TableDescription, properties: &Properties) -> bool {
    let same_keys = |there: &[KeySchemaElement], wanted: &[Key]| {
        there.len() == wanted.len()
            && there.iter().zip(wanted).all(|(there, wanted)| there.attribute_name == wanted.attribute_name)
    };
    let indexes = there.global_secondary_indexes();
    let wanted = &properties.global_secondary_indexes;
    same_keys(there.key_schema(), &properties.key_schema)
        && indexes.len() == wanted.len()
        && wanted.iter().all(|wanted| {
            let found = indexes.iter().find(|index| index.index_name() == Some(&wanted.index_name));
            found.is_some_and(|found| same_keys(found.key_schema(), &wanted.key_schema))
        })
}

fn keys(keys: &[Key]) -> Result<Vec<KeySchemaElement>, ProvisionError> {
    let build = |key: &Key| {
        KeySchemaElement::builder()
            .attribute_name(&key.attribute_name)
            .key_type(KeyType::from(key.key_type.as_str()))
            .build()
    };
    Ok(keys.iter().map(build).collect::<Result<_, _>>()?)
}

fn projection(projection: &IndexProjection) -> Projection {
    Projection::builder()
        .projection_type(ProjectionType::from(projection.projection_type.as_str()))
        .set_non_key_attributes(projection.non_key_attributes.clone())
        .build()
}

fn throughput(throughput: Option<&Throughput>) -> Result<Option<ProvisionedThroughput>, ProvisionError> {
    let units = |value: &Value| {
        let units = whole(value, "ProvisionedThroughput", 1..=40_000)?;
        Ok::<_, ProvisionError>(i64::try_from(units).unwrap_or(i64::MAX))
    };
    let Some(throughput) = throughput else {
        return Ok(None);
    };
    let built = ProvisionedThroughput::builder()
        .read_capacity_units(units(&throughput.read_capacity_units)?)
        .write_capacity_units(units(&throughput.write_capacity_units)?);
    Ok(Some(built.build()?))
}
