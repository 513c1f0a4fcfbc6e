use asyncio::Result;

pub async fn answer() -> Result<u32> {
    todo!()
}
