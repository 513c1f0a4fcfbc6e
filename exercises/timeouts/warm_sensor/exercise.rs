use asyncio::Result;

/// A sensor with a switch.
pub trait Sensor {
    async fn switch(&self, position: &'static str) -> Result<()>;
    async fn read(&self) -> Result<i32>;
}

/// Switches the sensor on, reads it, and switches it off.
pub async fn measure(sensor: impl Sensor) -> Result<i32> {
    sensor.switch("on").await?;
    let value = sensor.read().await?;
    sensor.switch("off").await?;
    Ok(value)
}
